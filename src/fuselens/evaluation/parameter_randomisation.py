"""Parameter randomisation: an explanation of a network must change when the network forgets what it learned.

Reference: Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018, section 3.1 (cascading randomisation).
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.core.explanation import SetExplanation
from fuselens.core.model import FusionModel, as_model
from fuselens.core.pair import ImagePair
from fuselens.core.targets import Target
from fuselens.evaluation.likeness import Method, jaccard, maps_of, spearman


def parameter_randomisation(
    method: Method, model: object, pair: ImagePair, target: Target, *, seed: int = 0
) -> dict[str, float]:
    """Randomise the layers from the last to the first, and compare each explanation with the original one.

    Keys: `randomised_LAYER`, in the order of the cascade, each with all layers before it randomised too: the rank
    correlation of maps or the Jaccard index of sets. It should fall towards 0; 1 means that the method shows the images
    and not the network. NaN where a map is constant.

    Args:
        method: an explainer with its settings: `(model, pair, target) -> result`.
        model: a network; it is copied and stays as it is.
        pair: the sources.
        target: what is explained.
        seed: of the random weights.

    Raises:
        InputError: the model has no parameters.
    """
    operator = as_model(model)
    if not any(True for _ in operator.parameters()):
        raise InputError(f"'{operator.name}' has no parameters that could be randomised; choose a network.")
    own = method(operator, pair, target)
    alike = jaccard if isinstance(own, SetExplanation) else spearman
    found = {}
    for name, forgetful in cascade(operator, seed):
        found[f"randomised_{name}"] = alike(maps_of(own), maps_of(method(forgetful, pair, target)))
    return found


def cascade(model: FusionModel, seed: int) -> Iterator[tuple[str, FusionModel]]:
    """Yield the layer's name and a copy of the model with the layers from the last to this one randomised.

    Weights become normal random numbers of the same mean square. The copy is one and the same each time.
    """
    copy = deepcopy(model)
    random = torch.Generator().manual_seed(seed)
    for name, layer in reversed([*copy.named_modules()]):
        if any(True for _ in layer.parameters(recurse=False)):
            _randomise(layer, random)
            yield name or "model", copy


def _randomise(layer: nn.Module, random: torch.Generator) -> None:
    with torch.no_grad():
        for weight in layer.parameters(recurse=False):
            size = weight.square().mean().sqrt()
            weight.copy_(torch.randn(weight.shape, generator=random).to(weight) * size)
