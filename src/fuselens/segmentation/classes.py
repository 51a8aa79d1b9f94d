"""Class tables: names by number; number 0 is what no other class names. The words are the same in all tables.

FMB: Liu et al., "Multi-interactive feature learning and a full-time multi-modality benchmark", ICCV 2023. MFNet: Ha et
al., IROS 2017; MSRS (Tang et al., Information Fusion 2022) labels a part of the same images in the same classes, whose
authors say "bike" for bicycle.
"""

from __future__ import annotations

FMB = (
    "background", "road", "sidewalk", "building", "lamp", "sign", "vegetation", "sky", "person", "car", "truck", "bus",
    "motorcycle", "bicycle", "pole",
)  # fmt: skip
MFNET = MSRS = (
    "background", "car", "person", "bicycle", "curve", "car stop", "guardrail", "colour cone", "bump",
)  # fmt: skip
BOXES = ("background", "person", "bicycle", "car")
"""The classes of the boxes that exist for MSRS, one higher than in their files: 0 is what no box holds."""
ROAD = (
    "background", "person", "bicycle", "car", "ground", "building", "sky", "vegetation", "road marking", "sign", "lamp",
)  # fmt: skip
"""The union of what boxes and generated scenes name: the table of generated scenes."""

_STREET = {
    "sky": "sky", "building": "building", "lit window": "building", "warm wall": "building", "ground": "ground",
    "heat print": "ground", "road marking": "road marking", "person in the dark": "person",
    "person in the glare": "person", "person in insulated clothes": "person", "car": "car", "tree": "vegetation",
    "street lamp": "lamp", "sign": "sign",
}  # fmt: skip
_NATURE = {
    "sky": "sky", "hill": "vegetation", "meadow": "ground", "pine": "vegetation", "pond": "background",
    "flowers": "background", "deer": "background", "sheep": "background",
}  # fmt: skip
SCENES = {"street": _STREET, "nature": _NATURE}
"""What the classes of generated scenes are in `ROAD`; animals, pond and flowers have no name there."""
