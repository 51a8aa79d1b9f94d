"""What the papers trained with, for `--preset paper`."""

from __future__ import annotations

from typing import Any

# Paper 002, section 4.5: whole min-max stretched images, no shuffling, 200 epochs of 272 pairs.
_FUSEVIS: dict[str, Any] = {
    "schedule": "constant",
    "batch_size": 2,
    "crop": None,
    "steps": 27200,
    "flips": False,
    "shuffle": False,
    "normalize": "minmax",
    "precision": "32-true",
    "gradient_clip": None,
    "freeze_norm": 1.0,
    "loss.lambda": 0.99,
    "loss.gamma_l2": 0.5,
}
# What the others have in common: full precision, and nothing that the papers do not name.
_PLAIN: dict[str, Any] = {"precision": "32-true", "gradient_clip": None, "freeze_norm": 1.0}
# By recipe where a network is trained in stages, else by network; epochs are counted on the papers' own data sets.
PAPER_SETTINGS: dict[str, dict[str, Any]] = {
    # Paper 002: its Table 1, and the published runs where they differ from its text.
    "funfusean": _FUSEVIS | {"loss.gamma_ssim": 0.47, "lr": 2e-3},
    "masknet": _FUSEVIS | {"loss.gamma_ssim": 0.5, "loss.gamma_l2": 0.494, "lr": 2e-3},
    "deepfuse": _FUSEVIS | {"loss.gamma_ssim": 0.497, "lr": 2e-4},
    "deeppedestrian": _FUSEVIS | {"loss.gamma_ssim": 0.52, "lr": 2e-3, "batch_size": 8, "steps": 6800},
    # Paper 000 gives 100 epochs (of the 263 pairs of TNO and RoadScene); the rest is CDDFuse's, its closest kin.
    "cmcffuse": _PLAIN
    | {"settings": {}, "lr": 1e-4, "schedule": "halving", "batch_size": 8, "crop": 128, "steps": 3300}
    | {"epoch_steps": 33, "gradient_clip": 0.01, "loss.ssim": 0.0},
    # Paper 001: 50 epochs of the 1,220 training pairs of FMB, one patch of each; the rate is halved every 10.
    "uaafusion": _PLAIN
    | {"settings.steps": 5, "settings.stages": 5, "objective": "segmentation_aware"}
    | {"loss.intensity": 1.0, "loss.gradient": 1.0, "loss.segmentation": 0.1, "loss.joint": True}
    | {"lr": 1e-4, "schedule": "halving", "batch_size": 8, "crop": 128, "steps": 7650, "epoch_steps": 153},
    # Wang et al. 2022: 80,000 grey images of MS-COCO, 50 epochs.
    "swinfuse": _PLAIN
    | {"lr": 1e-5, "schedule": "constant", "batch_size": 4, "crop": 224, "steps": 1_000_000, "epoch_steps": 20_000}
    | {"flips": False},
    # The published code of paper 004: 2 epochs of MS-COCO, then 20,000 steps on crops of TNO.
    "camf-autoencoder": _PLAIN
    | {"lr": 1e-4, "schedule": "constant", "batch_size": 32, "crop": 256, "steps": 5200, "flips": False},
    # The published code of Li et al. 2023: 4 epochs of 20,000 KAIST pairs, shrunk to 128 x 128 where we crop.
    "lrrnet": _PLAIN
    | {"settings": {"output": "minmax"}, "objective": "perceptual", "lr": 1e-5, "weight_decay": 0.9}
    | {"schedule": "constant", "batch_size": 8, "crop": 128, "steps": 10_000, "flips": False},
    # Paper 003: 2,000 pairs of LLVIP; it gives no epochs, 50 are the recommendation of our recipes.
    "baffm": _PLAIN | {"lr": 1e-4, "schedule": "constant", "batch_size": 6, "crop": 256, "steps": 16_650},
    "camf": _PLAIN
    | {"optimiser": "rmsprop", "lr": 1e-4, "schedule": "constant", "batch_size": 8, "crop": 256, "steps": 20_000}
    | {"flips": False, "folds": 5},
}
