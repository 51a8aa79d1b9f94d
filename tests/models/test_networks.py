"""The FuseVis networks: sizes stated in the fact sheet, and the options of each."""

from __future__ import annotations

import pytest
import torch

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.models import load_model
from fuselens.models.funfusean import FunFuseAn
from fuselens.models.laplacian_pyramid import LaplacianPyramid
from fuselens.models.weighted_average import WeightedAverage


@pytest.mark.parametrize(
    ("name", "parameters", "reach"),
    [("funfusean", 122_209, 11), ("masknet", 754_275, 8), ("deepfuse", 89_155, 12), ("deeppedestrian", 313_105, 17)],
)
def test_parameter_count_and_reach(name: str, parameters: int, reach: int) -> None:
    model = load_model(name, weights=None)
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert model.reach == reach


def test_funfusean_rules_differ_and_the_ratio_is_bounded() -> None:
    torch.manual_seed(0)
    ratio = FunFuseAn(rule="ratio").eval()
    total = FunFuseAn(rule="sum").eval()
    total.load_state_dict(ratio.state_dict())
    a, b = torch.rand(2, 1, 1, 20, 20)
    assert torch.isfinite(ratio(a, b)).all()
    assert not torch.allclose(ratio(a, b), total(a, b))
    h1, h2 = torch.tensor([0.2]), torch.tensor([-0.2])
    assert float(ratio._fuse_features(h1, h2)) == pytest.approx(200.0)  # 0.2 over the smallest denominator 1e-3


def test_deepfuse_ties_its_feature_layers() -> None:
    model = load_model("deepfuse", weights=None)
    a, b = torch.rand(2, 1, 1, 16, 16)
    torch.testing.assert_close(model(a, b), model(b, a))


def test_weighted_average_conventions() -> None:
    """Both gradients of the fact sheet, in closed form."""
    a = torch.tensor([[0.2, 0.5, 0.0]], dtype=torch.float64).reshape(1, 1, 1, 3)
    b = torch.tensor([[0.6, 0.5, 0.0]], dtype=torch.float64).reshape(1, 1, 1, 3)
    for gradient in ("frozen", "true"):
        x, y = a.clone().requires_grad_(True), b.clone().requires_grad_(True)
        fused = WeightedAverage(gradient)(x, y)  # type: ignore[arg-type]
        torch.testing.assert_close(fused[0, 0, 0], torch.tensor([(0.04 + 0.36) / 0.8, 0.5, 0.0], dtype=torch.float64))
        fused.sum().backward()
        assert x.grad is not None
        assert y.grad is not None
        got = x.grad[0, 0, 0, 0].item(), y.grad[0, 0, 0, 0].item()
        if gradient == "frozen":
            assert got == pytest.approx((0.25, 0.75))
            torch.testing.assert_close(x.grad + y.grad, torch.ones_like(x))
        else:
            assert got == pytest.approx(((0.04 + 0.24 - 0.36) / 0.64, (0.36 + 0.24 - 0.04) / 0.64))
        assert torch.isfinite(x.grad).all()


def test_pyramid_returns_the_image_that_both_sources_share() -> None:
    image = torch.rand(1, 1, 37, 22)
    torch.testing.assert_close(LaplacianPyramid(4)(image, image), image)


def test_pyramid_takes_the_stronger_detail() -> None:
    """A dot in one source alone survives at full height over a flat other source of the same mean."""
    a = torch.full((1, 1, 40, 40), 0.5)
    b = a.clone()
    a[0, 0, 20, 20] = 0.9
    assert float(LaplacianPyramid()(a, b)[0, 0, 20, 20]) > 0.88
    with pytest.raises(InputError, match="1 to 6"):
        LaplacianPyramid(0)


def test_unknown_names_suggest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean masknet"):
        load_model("maskent")
    with pytest.raises(InputError, match="cannot be built"):
        load_model("average", colour="red")
    with pytest.raises(InputError, match="rule without weights"):
        load_model("average", weights="mri-pet")


@pytest.mark.parametrize("name", ["funfusean", "masknet", "deepfuse", "deeppedestrian"])
def test_no_frame_round_the_image(name: str) -> None:
    """On constant sources every fused pixel is the same; with the published zero padding the frame differs."""
    torch.manual_seed(0)
    a, b = torch.full((2, 1, 1, 40, 44), 0.6, dtype=torch.float64)
    flat = load_model(name, weights=None).double()
    framed = load_model(name, weights=None, border="zero").double()
    framed.load_state_dict(flat.state_dict())
    with torch.inference_mode():
        fused, published = flat(a, b), framed(a, b)
    assert float(fused.max() - fused.min()) < 1e-12
    assert float(published.max() - published.min()) > 1e-3
    torch.testing.assert_close(fused[0, 0, 20, 22], published[0, 0, 20, 22])
