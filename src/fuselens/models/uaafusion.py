"""UAAFusion: a deep unfolding network steered by what a segmentation network goes by (paper 001).

825,192 parameters with five stages, besides the segmentation network's. The published code has 1,010,380: it also holds
a start network that it never calls, the gates of a state that the first stage does not have, and a memory of the last
stage that nobody reads. Global: the segmentation network sees the whole image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.core.model import FusionModel
from fuselens.models.layers.path_attention import Attention, PathAttention, Scale, scaled
from fuselens.models.layers.unfolding_stage import Memory, UnfoldingStage, conv_pair
from fuselens.segmentation.class_attribution import logits_of, regions_of
from fuselens.segmentation.class_weights import ClassWeights, class_weights
from fuselens.segmentation.path_attribution import Score, score_of_masks, score_of_regions
from fuselens.segmentation.stations import Rule

if TYPE_CHECKING:
    from fuselens.core.intrinsic import ModelState
    from fuselens.core.pair import ImagePair

Preset = Literal["repaired", "official"]
STEP_SIZE = 0.01  # of the gradient step, before training
HALF_WIDTH = 16


@dataclass(frozen=True, eq=False)
class Unfolding:
    """How one batch of pairs was fused.

    Attributes:
        path: the pictures f_0 .. f_K, `[N, 1, H, W]` each; the last one is the fused image.
        weights: of the two sources; None without a segmentation network.
        attention: signed attention before each stage, `[N, 1, H, W]` each, before scale and sigmoid.
    """

    path: list[torch.Tensor]
    weights: ClassWeights | None
    attention: list[torch.Tensor]


class UnfoldingNetwork(nn.Module):
    """The fusion network alone: where its memory begins, its stages, and the size of each gradient step."""

    def __init__(self, stages: int, *, short_memory: bool, long_memory: bool, bounded: bool) -> None:
        """Build the layers with PyTorch's default initialisation."""
        super().__init__()
        self.begin_a, self.begin_b = (conv_pair(1, HALF_WIDTH, HALF_WIDTH) for _ in range(2))
        self.stages = nn.ModuleList(
            UnfoldingStage(
                first=number == 0, last=number == stages - 1,
                short_memory=short_memory, long_memory=long_memory, bounded=bounded or number > 0,
            )
            for number in range(stages)
        )  # fmt: skip
        self.step_sizes = nn.Parameter(torch.full((stages,), STEP_SIZE))


class UAAFusion(FusionModel):
    """Unfolded optimisation: each stage steps towards the source that helps a segmentation network, and refines.

    What steers it is held fixed where gradients are taken, as in the paper's training: a Jacobian or a guidance image
    answers how the fused image follows its sources under these weights and this attention. `through=True` also follows
    what the sources do to weights and attention; then gradients agree with finite differences of the whole model
    (regions of classes move by jumps, which no gradient sees).

    Args:
        stages: K.
        segmenter: a name of `load_segmenter` such as `"deeplab"`, or `"NAME:WEIGHTS"`; a module that maps
            `[N, 1, H, W]` to logits; or None: no weights and no attention. Weights of this model hold its own copy.
        steps: M, gradients on the way from black to a source.
        attention: `"path"`; `"gradient"` (the paper's Exp. II), or `"none"` (Exp. I): a gate of 0.5 everywhere.
        attention_scale: unit of the attention before the sigmoid: `"std"` of each picture, `"n"` pixels, or `"none"`.
        path_samples: gradients between two pictures of the path.
        gradient_step: False leaves the step towards the sources out, as the published code does by mistake.
        short_memory, long_memory: False takes the memory away (Exp. V to VII).
        through: differentiate weights and attention, too.
        preset: `"official"` does as the published code: no gradient step, a running mean of unscaled attention for soft
            masks, weights from means with an absolute epsilon and gradients at m / M, and the first cell without tanh.
            Its weights are shared by all pictures of a batch while training; ours are not.
        rule: where the gradients of steps and path are taken: `"gauss"`, `"midpoint"`, or `"right"`, at the ends of
            equal parts as in the paper.
    """

    name = "uaafusion"
    reach: int | None = None

    def __init__(
        self,
        stages: int = 5,
        segmenter: str | nn.Module | None = "deeplab",
        steps: int = 5,
        attention: Attention = "path",
        attention_scale: Scale = "std",
        path_samples: int = 1,
        gradient_step: bool = True,
        short_memory: bool = True,
        long_memory: bool = True,
        through: bool = False,
        preset: Preset = "repaired",
        rule: Rule = "gauss",
    ) -> None:
        """Build the layers with PyTorch's default initialisation.

        Raises:
            InputError: no stage, or an unknown word.
            UnknownNameError: no such segmenter.
        """
        super().__init__()
        for value, words in ((attention, Attention), (attention_scale, Scale), (preset, Preset), (rule, Rule)):
            if value not in get_args(words):
                raise InputError(f"Expected one of {', '.join(map(repr, get_args(words)))} but got {value!r}.")
        if min(stages, steps, path_samples) < 1:
            raise InputError(
                f"Expected stages, steps and path_samples of at least 1 but got {stages}, {steps} and {path_samples}."
            )
        self.official = preset == "official"
        self.steps, self.path_samples, self.through = steps, path_samples, through
        self.attention: Attention = attention
        self.attention_scale: Scale = "none" if self.official else attention_scale
        self.rule: Rule = "right" if self.official else rule
        self.gradient_step = gradient_step and not self.official
        self.network = UnfoldingNetwork(
            stages, short_memory=short_memory, long_memory=long_memory, bounded=not self.official
        )
        self.segmenter = _segmenter(segmenter)
        self._last: tuple[Pair, ClassWeights] | None = None

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse two batches `[N, 1, H, W]` in `[0, 1]`."""
        return self.unfold(a, b).path[-1]

    def unfold(
        self,
        a: torch.Tensor,
        b: torch.Tensor,
        regions: torch.Tensor | None = None,
        *,
        weights: ClassWeights | None = None,
        attention: Sequence[torch.Tensor] | None = None,
    ) -> Unfolding:
        """Fuse, and tell how.

        Args:
            a, b: sources `[N, 1, H, W]` in `[0, 1]`.
            regions: class of each pixel `[N, H, W]`, 255 for none; None asks the segmenter about the mean image.
            weights: take these instead of computing any.
            attention: take these, one a stage, instead of computing any.

        Raises:
            InputError: the segmenter does not answer as one, or the regions do not fit it.
        """
        picture = (a + b) / 2
        if weights is None:
            weights = self.weights(a, b, regions)
        watch = None if attention is not None else self._watch(picture, weights)
        memory = torch.cat((self.network.begin_a(a), self.network.begin_b(b)), dim=1)
        known = Memory(memory, memory)
        wanted = a.new_tensor(0.5) * (a + b) if weights is None else weights.a * a + weights.b * b
        path, seen = [picture], []
        for number, stage in enumerate(self.network.stages):
            if attention is not None:
                seen.append(attention[number])
            else:
                seen.append(torch.zeros_like(picture) if watch is None else watch.at(picture))
            if self.gradient_step:
                picture = picture - self.network.step_sizes[number] * (picture - wanted)
            picture, known = stage(picture, scaled(seen[-1], self.attention_scale).sigmoid(), known)
            path.append(picture)
        return Unfolding(path, weights, seen)

    def weights(self, a: torch.Tensor, b: torch.Tensor, regions: torch.Tensor | None = None) -> ClassWeights | None:
        """Return the weights of both sources; None without a segmenter. The last pair's are remembered in use.

        Raises:
            InputError: as `unfold`.
        """
        if self.segmenter is None:
            return None
        # What prediction computes is remembered for explanations, which take gradients: no inference tensors.
        with torch.inference_mode(False):
            return self._weights(self.segmenter, *((a, b) if self.through else (a.detach(), b.detach())), regions)

    def _weights(
        self, segmenter: nn.Module, a: torch.Tensor, b: torch.Tensor, regions: torch.Tensor | None
    ) -> ClassWeights:
        remembers = regions is None and not self.training and not self.through
        pair = (torch.cat((a, b)), _versions(segmenter)) if remembers else None
        last = self._last  # read once: another thread may replace it
        if pair is not None and last is not None and _same(last[0], pair):
            return last[1]
        if regions is None:
            regions = regions_of(segmenter, (a + b) / 2)
        found = class_weights(
            segmenter, a, b, regions, steps=self.steps, rule=self.rule,
            reduce="mean" if self.official else "sum", through=self.through,
        )  # fmt: skip
        self._last = None if pair is None else (pair, found)
        return found

    def _watch(self, start: torch.Tensor, weights: ClassWeights | None) -> PathAttention | None:
        """Return what computes the attention; None where there is none."""
        if self.segmenter is None or weights is None or self.attention == "none":
            return None
        return PathAttention(
            self.segmenter, self.score(start, weights.regions), kind=self.attention, samples=self.path_samples,
            rule=self.rule, mean=self.official, through=self.through,
        )  # fmt: skip

    def score(self, start: torch.Tensor, regions: torch.Tensor) -> Score:
        """Return the score that the attention is about: of regions, or, as published, of the first picture's masks."""
        if not self.official or self.segmenter is None:
            return score_of_regions(regions)
        return score_of_masks(logits_of(self.segmenter, start))

    def start_from_uaafusion(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Take over the fusion network of another UAAFusion, given its `state_dict()`; the segmenter stays.

        Raises:
            InputError: tensors are missing or of another shape.
        """
        own = {name.removeprefix("network."): value for name, value in tensors.items() if name.startswith("network.")}
        try:
            self.network.load_state_dict(own)
        except RuntimeError as error:
            raise InputError("These weights do not fit: another number of stages, or other memories.") from error

    def explain_state(self, pair: ImagePair) -> ModelState:
        """Return the weights of both sources, the path, and what attention and gradient step do on it."""
        from fuselens.models.uaafusion_state import account

        return account(self, pair)


def _segmenter(segmenter: str | nn.Module | None) -> nn.Module | None:
    if not isinstance(segmenter, str):
        return segmenter
    from fuselens.segmentation import segmenter_of

    return segmenter_of(segmenter)


Pair = tuple[torch.Tensor, tuple[int, ...]]
"""Both sources as one batch, and the state of the segmenter that looked at them."""


def _versions(segmenter: nn.Module) -> tuple[int, ...]:
    """Count how often each of the network's tensors was written to."""
    return tuple(tensor._version for tensor in (*segmenter.parameters(), *segmenter.buffers()))


def _same(one: Pair, other: Pair) -> bool:
    (a, before), (b, now) = one, other
    return before == now and (a.shape, a.dtype, a.device) == (b.shape, b.dtype, b.device) and torch.equal(a, b)
