"""LRRNet: its size, the published formulas taken literally, its locality, and the published stretching."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, pad

from fuselens.core.errors import InputError
from fuselens.core.locality import Box, window_of
from fuselens.models.layers.llrr import LowRankExtractor
from fuselens.models.layers.reflect_conv import ReflectConv
from fuselens.models.layers.shrinkage import shrinkage_step
from fuselens.models.lrrnet import LRRNet
from tests.models.low_rank import Array, arrays_of, codes_of, convolved, part_of


def seeded(**settings: str) -> LRRNet:
    torch.manual_seed(0)
    model = LRRNet(**settings).double().eval()  # type: ignore[arg-type]
    with torch.no_grad():
        model.extract_a.threshold[:40] *= -0.1  # training may lead below 0
    return model


def pair_of(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    a, b = torch.rand(2, 1, 1, height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return a, b


def fused_by_hand(a: Array, b: Array, tensors: dict[str, Array], *, add: bool) -> Array:
    parts = {}
    for side, source in (("a", a), ("b", b)):
        codes = codes_of(source, part_of(tensors, f"extract_{side}"))
        for name, half in (("low", codes[:128]), ("sparse", codes[128:])):
            layer = part_of(tensors, f"decode.{name}_{side}")
            parts[name, side] = convolved(half, layer["weight"], layer["bias"])
    fused = np.zeros(a.shape)
    for name in ("low", "sparse"):
        both = (parts[name, "a"], parts[name, "b"])
        layer = part_of(tensors, f"decode.{name}")
        fused += convolved(sum(both) if add else np.concatenate(both), layer["weight"], layer["bias"])[0]
    return fused


def test_parameter_counts() -> None:
    model = LRRNet()
    assert sum(p.numel() for p in model.parameters()) == 49_204
    assert sum(p.numel() for p in model.extract_a.parameters()) == 22_277
    assert sum(p.numel() for p in model.decode.parameters()) == 4_650


@pytest.mark.parametrize("decoder", ["concat", "add"])
def test_equals_the_formulas(decoder: str) -> None:
    model = seeded(decoder=decoder)
    a, b = pair_of(9, 12)
    with torch.no_grad():
        fused = model(a, b)[0, 0].numpy()
    by_hand = fused_by_hand(a[0, 0].numpy(), b[0, 0].numpy(), arrays_of(model), add=decoder == "add")
    np.testing.assert_allclose(fused, by_hand, rtol=0, atol=1e-11)


@pytest.mark.parametrize(("inputs", "outputs"), [(1, 5), (5, 1), (4, 2), (2, 4), (3, 3)])
def test_convolution_equals_torch_and_so_do_its_gradients(inputs: int, outputs: int) -> None:
    torch.manual_seed(0)
    ours = ReflectConv(inputs, outputs).double()
    torchs = nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="reflect").double()
    torchs.load_state_dict(ours.state_dict())
    image = torch.rand(2, inputs, 6, 9, dtype=torch.float64, requires_grad=True)
    expected = torchs(image)
    upstream = torch.rand_like(expected)
    torch.testing.assert_close(ours(image), expected)
    torch.testing.assert_close(
        torch.autograd.grad(ours(image), (image, *ours.parameters()), upstream),
        torch.autograd.grad(expected, (image, *torchs.parameters()), upstream),
    )


def literal_codes(model: LowRankExtractor, source: torch.Tensor) -> torch.Tensor:
    """The formulas in PyTorch's own operations, which differentiate themselves."""

    def apply(layer: nn.Module, image: torch.Tensor) -> torch.Tensor:
        return conv2d(pad(image, (1, 1, 1, 1), mode="reflect"), layer.weight, layer.bias)

    def shrink(values: torch.Tensor) -> torch.Tensor:
        return values.sign() * (values.abs() - model.threshold[:, None, None]).clamp(min=0)

    codes = shrink(apply(model.first, source))
    for rebuild, correct in zip(model.rebuild, model.correct, strict=True):
        codes = shrink(model.momentum * codes + apply(correct, source - apply(rebuild, codes)))
    return codes


def test_gradients_equal_those_of_the_formulas() -> None:
    """More pixels than one block of the step, thresholds of both signs."""
    extractor = seeded().extract_a
    source = torch.rand(2, 1, 17, 31, dtype=torch.float64, requires_grad=True)
    expected = literal_codes(extractor, source)
    codes = extractor(source)
    torch.testing.assert_close(codes, expected)
    upstream = torch.rand_like(expected)
    wanted = (source, *extractor.parameters())
    torch.testing.assert_close(
        torch.autograd.grad(codes, wanted, upstream), torch.autograd.grad(expected, wanted, upstream)
    )


@pytest.mark.parametrize("way", ["codes", "products", "both"])
def test_step_passes_the_numerical_check_by_either_way_out(way: str) -> None:
    random = torch.Generator().manual_seed(2)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=random, dtype=torch.float64).requires_grad_(True)

    def run(*inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        codes, products = shrinkage_step(*inputs)
        assert products is not None
        return {"codes": (codes,), "products": (products,), "both": (codes, products)}[way]

    inputs = (draw(6, 4), draw(6, 3), draw(3, 4), draw(4), draw(), draw(4, 9))
    torch.autograd.gradcheck(run, inputs, eps=1e-7, atol=1e-5)


def test_gradients_of_the_sources_alone_are_the_same() -> None:
    """Explainers freeze the parameters; the step then skips theirs."""
    model = seeded()
    a, b = (source.requires_grad_(True) for source in pair_of(12, 13))
    learning = torch.autograd.grad(model(a, b).square().sum(), (a, b))
    frozen = torch.autograd.grad(model.requires_grad_(False)(a, b).square().sum(), (a, b))
    torch.testing.assert_close(frozen, learning, rtol=0, atol=0)


def test_autocast_stays_near_float32() -> None:
    torch.manual_seed(0)
    model = LRRNet()
    a, b = torch.rand(2, 1, 1, 16, 18)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = model(a, b)
    rough.float().sum().backward()
    with torch.no_grad():
        exact = model(a, b)
    assert float((rough.detach() - exact).abs().max()) < 0.02 * float(exact.abs().max())
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


def test_windows_are_exact_and_no_smaller_reach_is() -> None:
    model = seeded()
    a, b = pair_of(40, 40)
    box = Box(15, 16, 20, 19)

    def error(reach: int) -> float:
        window = window_of(box, (40, 40), reach)
        cut = (..., *window.slices)
        part = model.on_window(a[cut], b[cut], window.borders((40, 40)))
        return float((part[(..., *box.inside(window))] - model(a, b)[(..., *box.slices)]).abs().max())

    with torch.no_grad():
        assert error(11) < 1e-12
        assert error(10) > 1e-9


def test_minmax_stretches_and_is_global() -> None:
    model = seeded(output="minmax")
    raw = seeded()
    assert model.reach is None
    a, b = pair_of(14, 15)
    with torch.no_grad():
        fused = model(a, b)
        flat = model(torch.zeros_like(a), torch.ones_like(b))
        darker = model(0.3 + 0.5 * a, 0.25 * b)
        low, high = ((s - s.min()) / (s.max() - s.min()) for s in (a, b))
        expected = raw(low, high)
    assert float(fused.min()) == 0
    assert 0.99 < float(fused.max()) <= 1
    torch.testing.assert_close(darker, fused, rtol=0, atol=1e-6)
    torch.testing.assert_close(
        fused, (expected - expected.min()) / (expected.max() - expected.min() + 1e-5), rtol=0, atol=1e-6
    )
    assert torch.isfinite(flat).all()


@pytest.mark.parametrize("settings", [{"decoder": "sum"}, {"output": "tanh"}])
def test_unknown_settings(settings: dict[str, str]) -> None:
    with pytest.raises(InputError, match="Expected decoder 'concat' or 'add'"):
        LRRNet(**settings)  # type: ignore[arg-type]


def test_what_compilers_see_is_the_same_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tracers follow the formula as it is written; everything else the order that moves the fewest numbers."""
    model, (a, b) = seeded(), pair_of(13, 22)
    with torch.inference_mode():
        usual = model(a, b)
        monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
        torch.testing.assert_close(model(a, b), usual, rtol=1e-9, atol=1e-11)
