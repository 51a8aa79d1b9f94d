"""Confounder dictionaries: which scenes a set of training images consists of."""

from fuselens.confounders.build import build_dictionary as build_dictionary
from fuselens.confounders.scenes import SceneSettings as SceneSettings
from fuselens.confounders.scenes import find_scenes as find_scenes
