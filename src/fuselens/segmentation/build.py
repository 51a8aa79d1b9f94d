"""From folders of labelled pairs to weights: the auxiliary network, trained on both sources and on their average.

Paper 001 applies one network to the infrared image, the visible one and what is fused of them, so it must know all
three. Pairs without full labels are joined by generated scenes, whose truth is known.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.core.files import prepare_folder, write_json
from fuselens.core.model import resolve_device
from fuselens.core.tensor_files import file_hash
from fuselens.core.version import __version__
from fuselens.segmentation import load_segmenter
from fuselens.segmentation.classes import ROAD
from fuselens.segmentation.generated import generated_scenes
from fuselens.segmentation.labelled import LabelledImages, LabelledPairs, first, mean, second
from fuselens.segmentation.labels import labelled_pairs
from fuselens.segmentation.measure import measure_segmenter
from fuselens.segmentation.train import Progress, SegmenterRecipe, train_segmenter
from fuselens.segmentation.weights import save_segmenter

VIEWS = {"first": first, "second": second, "mean": mean}
SCENE_SIZE = (240, 320)
KINDS = ("street", "street", "street", "street", "nature")
HELD_OUT = 20  # scenes to measure on, of the seeds that follow those to train on
WATCHED = 8  # every so manieth of them is measured on after each epoch


@dataclass(frozen=True)
class SegmenterPlan:
    """What a segmenter is built from; by default what the shipped weights were.

    Attributes:
        name: of the weights.
        classes: the class table; None for that of the first folder.
        scenes: how many generated scenes are added.
        width, channels: of the network (`DeepLab`).
        recipe: how it is trained.
        data_words: what the images are and under which terms, for the card.
    """

    name: str = "road"
    classes: tuple[str, ...] | None = ROAD
    scenes: int = 160
    width: float = 0.5
    channels: int = 128
    recipe: SegmenterRecipe = field(
        default_factory=lambda: SegmenterRecipe(steps=1600, crop=128, lr=2e-3, scales=(0.5, 1.2))
    )
    data_words: str = ""


def build_segmenter(
    plan: SegmenterPlan,
    folders: Sequence[str | Path],
    out: str | Path,
    *,
    test: Sequence[str | Path] = (),
    device: str | torch.device = "cpu",
    progress: Progress | None = None,
) -> Path:
    """Train a segmenter by `plan`; a run found in `out` is continued.

    Args:
        plan: network, scenes and recipe.
        folders: labelled pairs in any layout of `labelled_pairs`.
        out: receives `deeplab-NAME.safetensors` with its card, `losses.csv` and the checkpoint.
        test: labelled pairs that are measured on at the end, for the card.
        device: `"auto"`, `"cpu"`, `"cuda"`, ...
        progress: called every epoch with (step, steps, row).

    Returns:
        The weights.

    Raises:
        InputError: nothing to train on, a folder that is no labelled set, or `out` holds another run.
    """
    pairs = [labelled_pairs(folder) for folder in folders]
    tests = {str(folder): labelled_pairs(folder) for folder in test}
    if plan.scenes < 0 or (not pairs and not plan.scenes):
        raise InputError("There is nothing to train on; name folders of labelled pairs, or a number of scenes.")
    classes = plan.classes or (pairs[0].classes if pairs else ROAD)
    place = resolve_device(device)  # refused before the long part starts
    network = load_segmenter(
        "deeplab", None, classes=classes, seed=plan.recipe.seed, width=plan.width, channels=plan.channels
    )
    out = prepare_folder(out)
    if plan.scenes:
        pairs = [_scenes(range(plan.scenes)), *pairs]
    images = _views(_joined([part.in_table(classes) for part in pairs]).held())
    held_out = _scenes(range(plan.scenes, plan.scenes + HELD_OUT)).in_table(classes).held() if plan.scenes else None
    watched = _views(held_out.subset(range(0, HELD_OUT, WATCHED))) if held_out else None
    # Depthwise convolutions are quicker with the channels last.
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    run = train_segmenter(network, images, plan.recipe, out, validation=watched, device=place, progress=progress)
    weights = save_segmenter(run.network.cpu(), out / f"deeplab-{plan.name}.safetensors", half=True)
    loaded = load_segmenter("deeplab", weights)
    if held_out is not None:
        tests = {"generated scenes": held_out, **tests}
    write_json(
        weights.with_suffix(".json"),
        {
            "segmenter": "deeplab",
            "weights": plan.name,
            "sha256": file_hash(weights),
            "parameters": sum(p.numel() for p in loaded.parameters()),
            "classes": classes,
            "plan": asdict(plan),
            "data": plan.data_words,
            "pairs": len(images) // len(VIEWS),
            "seconds": round(run.seconds),
            "hardware": _hardware(place),
            "losses": run.rows[-1],
            "test": {Path(name).name: _measured(loaded, one) for name, one in tests.items()},
            "versions": {"fuselens": __version__, "torch": torch.__version__},
        },
    )
    return weights


def _hardware(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} {device.type.upper()}, {torch.get_num_threads()} threads"


def _scenes(seeds: Sequence[int]) -> LabelledPairs:
    return generated_scenes(seeds, SCENE_SIZE, kinds=KINDS)


def _joined(parts: Sequence[LabelledPairs]) -> LabelledPairs:
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    return whole


def _views(pairs: LabelledPairs) -> LabelledImages:
    """Return every pair as its first source, its second, and their average."""
    one, other, both = (pairs.images(view).held() for view in VIEWS.values())
    return one + other + both


def _measured(network: nn.Module, pairs: LabelledPairs) -> dict[str, Any]:
    """Return IoU and accuracy on every view of whole images."""
    held = pairs.held()
    return {"pairs": len(held)} | {
        name: measure_segmenter(network, held.images(view)).as_dict() for name, view in VIEWS.items()
    }
