"""What every registered model promises: any size, batches, number types, determinism, locality."""

from __future__ import annotations

import pytest
import torch

from fuselens.core.errors import InputError
from fuselens.core.locality import Box, tiles, window_of
from fuselens.core.model import FusionModel, explaining
from fuselens.core.pair import ImagePair
from fuselens.core.run import fuse_luma
from fuselens.models import list_models, load_model

SIZES = [(8, 8), (37, 53), (48, 37)]


def built(name: str) -> FusionModel:
    torch.manual_seed(3)
    return load_model(name, weights=None)


LOCAL = [name for name in list_models() if built(name).reach is not None]
GLOBAL = sorted(set(list_models()) - set(LOCAL))


@pytest.fixture(params=list_models())
def model(request: pytest.FixtureRequest) -> FusionModel:
    return built(request.param)


@pytest.fixture(params=LOCAL)
def local(request: pytest.FixtureRequest) -> FusionModel:
    return built(request.param)


def sources(size: tuple[int, int], count: int = 1, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.rand(2, count, 1, *size, generator=torch.Generator().manual_seed(5), dtype=torch.float64).to(dtype)


@pytest.mark.parametrize("size", SIZES)
def test_same_size_out_and_finite(model: FusionModel, size: tuple[int, int]) -> None:
    a, b = sources(size)
    with explaining(model), torch.inference_mode():
        fused = model(a, b)
    assert fused.shape == a.shape
    assert torch.isfinite(fused).all()


def test_batch_equals_loop(model: FusionModel) -> None:
    a, b = sources((21, 26), count=3)
    with explaining(model), torch.inference_mode():
        together = model(a, b)
        alone = torch.cat([model(a[i : i + 1], b[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-6)


def test_float64_agrees_with_float32_and_keeps_its_type(model: FusionModel) -> None:
    a, b = sources((24, 25))
    with explaining(model), torch.inference_mode():
        single = model(a, b)
    with explaining(model.double()), torch.inference_mode():
        double = model(*sources((24, 25), dtype=torch.float64))
    assert double.dtype == torch.float64
    torch.testing.assert_close(double.float(), single, rtol=1e-3, atol=1e-4)


def test_deterministic(model: FusionModel) -> None:
    a, b = sources((19, 33))
    with explaining(model), torch.inference_mode():
        assert torch.equal(model(a, b), model(a, b))


def test_reach_is_enough_at_every_pixel(local: FusionModel) -> None:
    """Every fused pixel, computed from its own window alone, equals that of the whole image."""
    assert local.reach is not None
    size = (29, 35)
    a, b = sources(size, dtype=torch.float64)
    with explaining(local.double()), torch.inference_mode():
        whole = local(a, b)[0, 0]
        for box in tiles(size, 7):
            window = window_of(box, size, local.reach, local.stride)
            part = local.on_window(a[(..., *window.slices)], b[(..., *window.slices)], window.borders(size))[0, 0]
            torch.testing.assert_close(part[box.inside(window)], whole[box.slices], rtol=1e-9, atol=1e-11)


def test_reach_is_not_exceeded_and_not_padded(local: FusionModel) -> None:
    """The Jacobian's support round many pixels stays within the reach and, for networks, touches it."""
    assert local.reach is not None
    side = 2 * local.reach + 1 + 2 * local.stride
    a, b = (s.requires_grad_(True) for s in sources((side, side), dtype=torch.float64))
    furthest = 0
    with explaining(local.double()):
        fused = local(a, b)
        start = local.reach
        for y in range(start, start + local.stride):
            for x in range(start, start + local.stride):
                for gradient in torch.autograd.grad(
                    fused[0, 0, y, x], (a, b), retain_graph=True, allow_unused=True, materialize_grads=True
                ):
                    rows, columns = torch.where(gradient[0, 0] != 0)
                    if len(rows):
                        distance = torch.maximum((rows - y).abs(), (columns - x).abs()).max()
                        furthest = max(furthest, int(distance))
    assert furthest == local.reach


@pytest.mark.parametrize("name", GLOBAL)
def test_a_global_model_really_is_one(name: str) -> None:
    """A change in one corner is felt in the opposite one, further away than any local network of the field sees."""
    model = built(name).double()
    a, b = sources((70, 75), dtype=torch.float64)
    changed = a.clone()
    changed[..., :4, :4] = 1 - changed[..., :4, :4]
    with explaining(model), torch.inference_mode():
        moved = (model(changed, b) - model(a, b)).abs()[0, 0]
    assert float(moved[-8:, -8:].max()) > 1e-12


@pytest.mark.parametrize("tile", [8, 13, 64])
def test_tiles_equal_whole(local: FusionModel, tile: int) -> None:
    a, b = sources((45, 61))
    pair = ImagePair.from_arrays(a, b)
    whole = fuse_luma(local, pair, tile=None)
    torch.testing.assert_close(fuse_luma(local, pair, tile=tile), whole, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("name", GLOBAL)
def test_a_global_model_refuses_tiles(name: str) -> None:
    with pytest.raises(InputError, match="is global: tiles would change its result"):
        fuse_luma(built(name), ImagePair.from_arrays(*sources((20, 21))), tile=8)


def test_leaves_modes_and_gradients_as_found(model: FusionModel) -> None:
    model.train()
    fuse_luma(model, ImagePair.from_arrays(*sources((16, 17))))
    assert all(module.training for module in model.modules())
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_tiles_cover_once() -> None:
    covered = torch.zeros(31, 47, dtype=torch.int64)
    for box in tiles((31, 47), 10):
        assert box == box.checked((31, 47))
        covered[box.slices] += 1
    assert (covered == 1).all()


def test_window_keeps_to_the_grid_and_the_border() -> None:
    window = window_of(Box(10, 3, 12, 5), (40, 41), reach=5, stride=8)
    assert window == Box(0, 0, 24, 16)
    assert window_of(Box(30, 30, 31, 31), (40, 41), reach=9, stride=8) == Box(16, 16, 40, 40)
