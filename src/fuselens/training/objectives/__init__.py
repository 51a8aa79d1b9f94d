"""What a network is trained for: the registry of objectives."""

from __future__ import annotations

from fuselens.core.registry import Registry

OBJECTIVES = Registry(
    "objective",
    {
        "classification": "fuselens.training.objectives.classification:Classification",
        "perceptual": "fuselens.training.objectives.perceptual:Perceptual",
        "reconstruction": "fuselens.training.objectives.reconstruction:Reconstruction",
        "similarity": "fuselens.training.objectives.similarity:Similarity",
        "segmentation_aware": "fuselens.training.objectives.segmentation_aware:SegmentationAware",
        "strongest": "fuselens.training.objectives.strongest:Strongest",
    },
    "fuselens.objectives",
)
