"""UAAFusion: its parameters, its stages written out, what steers it, and what that costs."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from fuselens.core.errors import InputError
from fuselens.core.model import explaining
from fuselens.models import load_model
from fuselens.models.layers.conv_lstm import ConvLSTM
from fuselens.models.uaafusion import UAAFusion
from fuselens.models.weights import load_weights, save_weights
from fuselens.segmentation.class_attribution import logits_of, regions_of
from fuselens.segmentation.path_attribution import score_of_masks, score_of_regions, step_attribution
from tests.segmentation.attributed import SmallSegmenter, noise, quarters

SIZE = (18, 21)


def built(segmenter: Any = "small", **settings: Any) -> UAAFusion:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return UAAFusion(segmenter=SmallSegmenter() if segmenter == "small" else segmenter, **settings).double().eval()


def pair(count: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    return noise(count, 1, *SIZE), noise(count, 1, *SIZE, seed=2)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        # The published 1,010,380 less 9,538 of a network never called, 46,240 gates of a state that the first stage
        # does not have and 129,410 of a memory that nobody reads.
        ({}, 1_010_380 - 9_538 - 46_240 - 129_410),
        ({"stages": 1}, 4_962 + 199_175 - 46_240 - 83_170 - 46_240 + 1),
    ],
)
def test_parameters(settings: dict[str, Any], expected: int) -> None:
    if settings:
        expected = 4_962 + 9_569 + 36_929 + 18_497 + 4_770 + 1
    assert sum(p.numel() for p in built(None, **settings).parameters()) == expected


def test_memories_can_be_left_out() -> None:
    counts = {
        (short, long): sum(p.numel() for p in built(None, short_memory=short, long_memory=long).parameters())
        for short in (True, False)
        for long in (True, False)
    }
    mixing = 5 * 9 * 32 * 32  # what one memory's channels take in the stages' second convolutions
    assert counts[True, True] - counts[False, True] == mixing
    assert counts[True, False] - counts[False, False] == mixing
    assert counts[True, True] - counts[True, False] == mixing + 4 * 129_410 - 46_240


def test_lstm_is_equation_15() -> None:
    torch.manual_seed(1)
    lstm = ConvLSTM(3).double()
    z, h, c = (noise(1, 3, 6, 7, seed=seed) for seed in range(3))
    enter, leave, candidate, keep = (lstm.of_input(z) + lstm.of_state(h)).chunk(4, dim=1)
    expected = torch.sigmoid(keep) * c + torch.sigmoid(enter) * torch.tanh(candidate)
    hidden, cell = lstm(z, (h, c))
    torch.testing.assert_close(cell, expected)
    torch.testing.assert_close(hidden, torch.sigmoid(leave) * torch.tanh(expected))


def test_the_first_lstm_step_has_no_tanh_in_the_published_code() -> None:
    torch.manual_seed(1)
    ours = ConvLSTM(3, first=True).double()
    theirs = ConvLSTM(3, first=True, bounded=False).double()
    theirs.load_state_dict(ours.state_dict())
    z = noise(1, 3, 6, 7)
    (hidden, cell), (published, _) = ours(z), theirs(z)
    torch.testing.assert_close(hidden * cell, published * cell.tanh())


def test_one_stage_written_out() -> None:
    """Equations 2 to 4 with the attention of Eq. 12, from the network's own layers."""
    model, (a, b) = built(stages=2, attention_scale="n", rule="right"), pair()
    with torch.no_grad():
        found = model.unfold(a, b)
        assert found.weights is not None
        w1, first, begin = found.weights.a, (a + b) / 2, model.network
        rho = begin.step_sizes
        memory = torch.cat((begin.begin_a(a), begin.begin_b(b)), dim=1)

        def stage(k: int, f: torch.Tensor, attention: torch.Tensor, short: torch.Tensor, long: torch.Tensor) -> Any:
            layers = begin.stages[k]
            lifted = layers.lift(f - rho[k] * (w1 * (f - a) + (1 - w1) * (f - b)))
            mixed = layers.mix(torch.cat((lifted, short, long), dim=1))
            worked = mixed + torch.sigmoid(attention) * layers.attend(mixed)
            return torch.sigmoid(layers.render(worked)), lifted, mixed, worked

        second, *features = stage(0, first, torch.zeros_like(a), memory, memory)
        state = begin.stages[0].lstm(begin.stages[0].gather(torch.cat(features, dim=1)))
        attention = step_attribution(
            model.segmenter, first, second, score_of_regions(regions_of(model.segmenter, first)), rule="right"
        )
        fused, *_ = stage(1, second, attention * a[0].numel(), features[2], begin.stages[0].recall(state[0]))
    for got, expected in zip(found.path, (first, second, fused), strict=True):
        torch.testing.assert_close(got, expected)
    torch.testing.assert_close(found.attention[1], attention)


def test_the_gradient_step_acts_where_it_has_a_size() -> None:
    model, (a, b) = built(), pair()
    with torch.no_grad():
        before = model(a, b)
        model.network.step_sizes.zero_()
        without = model(a, b)
    assert float((before - without).abs().max()) > 1e-6
    assert torch.equal(without, built(gradient_step=False)(a, b))
    official = built(preset="official")
    with torch.no_grad():
        before = official(a, b)
        official.network.step_sizes.fill_(0.7)
        assert torch.equal(official(a, b), before)


def attention_moves(model: UAAFusion) -> float:
    """How far the fused image moves, in float32 as in use, if the attention is taken away."""
    model.float()
    a, b = (source.float() for source in pair())
    with torch.no_grad():
        found = model.unfold(a, b)
        other = model.unfold(a, b, weights=found.weights, attention=[torch.zeros_like(a)] * len(found.attention))
    return float((found.path[-1] - other.path[-1]).abs().max())


class Faint(SmallSegmenter):
    """Scores that change as little from pixel to pixel as those of a large image: 1e-4 of the small network's."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return 1e-4 * super().forward(image)


def test_attention_acts_by_default_but_not_as_published() -> None:
    assert attention_moves(built(Faint())) > 1e-4
    assert attention_moves(built(Faint(), attention_scale="none")) < 1e-6
    assert attention_moves(built(Faint(), preset="official")) < 1e-6


def test_official_attention_is_a_running_mean_for_soft_masks() -> None:
    model, (a, b) = built(preset="official"), pair()
    with torch.no_grad():
        found = model.unfold(a, b)
        score = score_of_masks(logits_of(model.segmenter, found.path[0]))
    pieces = zip(found.path, found.path[1:-1], strict=False)
    steps = [step_attribution(model.segmenter, f, g, score, rule="right") for f, g in pieces]
    torch.testing.assert_close(found.attention[3], sum(steps[:3]) / 3)
    torch.testing.assert_close(found.attention[4], sum(steps) / 4)


@pytest.mark.parametrize("attention", ["path", "gradient", "none"])
def test_passes_of_the_segmenter(attention: Any) -> None:
    """One forward pass for the regions, one for all steps of both sources, one a later stage; batched over pictures."""
    model, (a, b) = built(attention=attention, steps=5), pair(count=2)
    segmenter = model.segmenter
    assert isinstance(segmenter, SmallSegmenter)
    backward = count_backward_passes(segmenter)
    with torch.no_grad():
        found = model.unfold(a, b)
    later = {"path": 4, "gradient": 5, "none": 0}[attention]
    assert found.weights is not None
    assert segmenter.calls == 1 + 1 + later
    assert segmenter.images == 2 * (1 + 2 * 5 + later)
    assert len(backward) == len(found.weights.classes) + later
    with torch.no_grad():
        model.unfold(a, b)
    assert segmenter.calls == 1 + 1 + 2 * later, "the weights of the same pair are remembered"


def count_backward_passes(segmenter: SmallSegmenter) -> list[int]:
    """Return a list that grows by one with every backward pass through the first layer's result."""
    passes: list[int] = []

    def watch(_module: Any, _inputs: Any, output: torch.Tensor) -> None:
        if output.requires_grad:
            output.register_hook(lambda gradient: passes.append(len(gradient)))

    segmenter.layers[0].register_forward_hook(watch)
    return passes


def test_the_rule_decides_where_gradients_are_taken() -> None:
    """By default that of Gauss; the published code's is the paper's, whatever is asked for."""
    a, b = pair()
    with torch.no_grad():
        found = {rule: built(rule=rule).weights(a, b) for rule in ("gauss", "midpoint", "right")}
        plain, official = (built(**settings).weights(a, b) for settings in ({}, {"preset": "official"}))
    assert all(weights is not None for weights in (*found.values(), plain, official))
    brought = {rule: weights.brought_a for rule, weights in found.items() if weights is not None}
    assert torch.equal(plain.brought_a, brought["gauss"])  # type: ignore[union-attr]
    assert torch.equal(official.brought_a, brought["right"])  # type: ignore[union-attr]
    assert not torch.equal(brought["midpoint"], brought["gauss"])


def test_remembered_weights_follow_pair_and_segmenter() -> None:
    model, (a, b) = built(), pair()
    with torch.inference_mode():
        first = model.weights(a, b)
        assert model.weights(a.clone(), b) is first
        assert model.weights(b, a) is not first
        again = model.weights(a, b)
    assert model.segmenter is not None
    with torch.no_grad():
        next(model.segmenter.parameters()).mul_(1.5)
    assert model.weights(a, b) is not again


def test_prediction_then_gradients() -> None:
    """What prediction remembers can be used where gradients are taken."""
    model, (a, b) = built(), pair()
    with explaining(model), torch.inference_mode():
        model(a, b)
    a.requires_grad_(True)
    with explaining(model):
        (slope,) = torch.autograd.grad(model(a, b).sum(), a)
    assert float(slope.abs().sum()) > 0


def slopes(model: UAAFusion, fuse: Any, a: torch.Tensor) -> tuple[float, float]:
    """Return the derivative of the fused image's mean in one direction, by autograd and by finite differences."""
    direction, step = noise(*a.shape, seed=9) - 0.5, 1e-5
    with explaining(model):
        point = a.clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(fuse(point).mean(), point)
        with torch.no_grad():
            up, down = (float(fuse(a + sign * step * direction).mean()) for sign in (1, -1))
    return float((gradient * direction).sum()), (up - down) / (2 * step)


def test_gradients_hold_what_steers_fixed_unless_asked_to_follow_it() -> None:
    a, b = pair()
    fixed, followed = (built(SmallSegmenter(smooth=True), through=through) for through in (False, True))
    with torch.no_grad():
        found = fixed.unfold(a, b)
    exact, expected = slopes(
        fixed, lambda x: fixed.unfold(x, b, weights=found.weights, attention=found.attention).path[-1], a
    )
    assert exact == pytest.approx(expected, rel=1e-3)
    assert slopes(fixed, lambda x: fixed(x, b), a)[0] == pytest.approx(exact, rel=1e-9)
    exact, whole = slopes(followed, lambda x: followed(x, b), a)
    assert exact == pytest.approx(whole, rel=1e-3)
    assert whole != pytest.approx(expected, rel=1e-2)


def test_regions_can_be_given() -> None:
    model, (a, b) = built(), pair()
    regions = quarters(*SIZE)
    with torch.no_grad():
        found = model.unfold(a, b, regions)
    assert found.weights is not None
    assert torch.equal(found.weights.regions, regions)
    assert not torch.equal(found.path[-1], model(a, b))
    with pytest.raises(InputError, match="classes 0 to 3"):
        model.unfold(a, b, regions + 1)


def test_all_background_and_black_sources() -> None:
    """A segmenter that sees one class, and a source without light: one weight, and numbers that are some."""
    a, b = pair()
    background = torch.nn.Conv2d(1, 3, 1)
    torch.nn.init.zeros_(background.weight)
    model = built(background)
    with torch.no_grad():
        found = model.unfold(a, 0 * b)
    assert found.weights is not None
    assert (found.weights.a == 0.5).all()
    assert torch.isfinite(found.path[-1]).all()


@pytest.mark.parametrize(
    ("segmenter", "words"),
    [
        (torch.nn.Conv2d(3, 4, 1), "as_segmenter"),
        (torch.nn.Conv2d(1, 1, 1), "at least two classes"),
        (torch.nn.Conv2d(1, 2, 3), "Expected logits"),
    ],
)
def test_segmenters_that_are_none(segmenter: torch.nn.Module, words: str) -> None:
    with pytest.raises(InputError, match=words):
        built(segmenter)(*pair())


def test_logits_that_are_no_numbers() -> None:
    model = built()
    assert isinstance(model.segmenter, SmallSegmenter)
    with torch.no_grad():
        next(model.segmenter.parameters()).fill_(torch.nan)
    with pytest.raises(InputError, match="NaN or infinite logits"):
        model(*pair())


@pytest.mark.parametrize(
    "settings",
    [
        {"stages": 0},
        {"steps": 0},
        {"path_samples": 0},
        {"attention": "self"},
        {"attention_scale": "max"},
        {"rule": "left"},
    ],
)
def test_settings_are_checked(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="Expected"):
        built(None, **settings)


def test_without_a_segmenter_nothing_steers() -> None:
    model, (a, b) = built(None), pair()
    with torch.no_grad():
        found = model.unfold(a, b)
    assert found.weights is None
    assert not torch.stack(found.attention).any()


def test_starting_from_another_network_keeps_the_segmenter() -> None:
    unguided, model = built(None), built(SmallSegmenter(seed=5))
    with torch.no_grad():
        for parameter in unguided.parameters():
            parameter.add_(0.01)
    assert model.segmenter is not None
    before = {name: value.clone() for name, value in model.segmenter.state_dict().items()}
    model.start_from_uaafusion(unguided.state_dict())
    assert torch.equal(model.network.step_sizes, unguided.network.step_sizes)
    assert all(torch.equal(value, before[name]) for name, value in model.segmenter.state_dict().items())
    with pytest.raises(InputError, match="another number of stages"):
        built(stages=3).start_from_uaafusion(unguided.state_dict())


def test_weights_hold_the_segmenter(tmp_path: Any) -> None:
    model = built()
    path = save_weights(model, tmp_path / "uaafusion-small.safetensors")
    other = built(SmallSegmenter(seed=7))
    load_weights(other, path)
    a, b = pair()
    assert torch.equal(model(a, b), other(a, b))


def test_load_model_takes_the_settings() -> None:
    model = load_model("uaafusion", weights=None, segmenter=None, stages=2)
    assert len(model.network.stages) == 2  # type: ignore[union-attr, arg-type]
