"""Targets: the number that is being explained, made from the fused image. One file a kind."""

from fuselens.core.targets.closeness import Closeness as Closeness
from fuselens.core.targets.downstream import Downstream as Downstream
from fuselens.core.targets.gradient_energy import GradientEnergy as GradientEnergy
from fuselens.core.targets.parse import TARGET_FORMS as TARGET_FORMS
from fuselens.core.targets.parse import parse_target as parse_target
from fuselens.core.targets.pixel import Pixel as Pixel
from fuselens.core.targets.region import Region as Region
from fuselens.core.targets.region import RegionMean as RegionMean
from fuselens.core.targets.similarity import Similarity as Similarity
from fuselens.core.targets.target import Target as Target
from fuselens.core.targets.target import bound_target as bound_target
from fuselens.core.targets.target import refuse_stationary as refuse_stationary
