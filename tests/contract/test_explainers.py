"""What every registered explainer promises, on a tiny network and on a rule, for an odd size."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import fuselens as fl
from fuselens.core.errors import InputError
from fuselens.core.explanation import SetExplanation
from fuselens.core.intrinsic import ModelState, StateBars, StateMaps
from fuselens.core.pair import ImagePair
from fuselens.core.targets import RegionMean
from fuselens.explainers import EXPLAINERS, explain, list_explainers

SIZE = (37, 53)
REGION = RegionMean((12, 20, 24, 32))
QUICK: dict[str, dict[str, Any]] = {
    "baylime": {"samples": 40},
    "guidance": {"probes": 4},
    "lime": {"samples": 60},
    "rise": {"samples": 60},
}
LAYERED = {"gradcam", "hirescam"}
HIDING = {"baylime", "ddfimage", "lime", "occlusion", "rise", "sedc", "sedc_t"}
OF_THE_WHOLE_IMAGE = {"guidance", "intrinsic", "task_share"}


class TinyNetwork(nn.Module):
    """One encoder for both sources, called twice, and a decoder; reach 2."""

    reach = 2

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.encode = nn.Conv2d(1, 4, 3, padding=1)
        self.decode = nn.Conv2d(8, 1, 3, padding=1)

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        seen = [torch.tanh(self.encode(source)) for source in (a, b)]
        return torch.sigmoid(4 * self.decode(torch.cat(seen, dim=1)))


class TinyInterpretable(TinyNetwork):
    """Says how strongly each of its features answers, and where."""

    def explain_state(self, pair: ImagePair) -> ModelState:
        features = [torch.tanh(self.encode(source))[0] for source in pair.tensors()]
        strengths = {name: each.abs().mean(dim=(1, 2)) for name, each in zip(pair.names, features, strict=True)}
        bars = StateBars("Features", "", [str(i) for i in range(4)], strengths)
        maps = StateMaps("Sums", "", {n: f.sum(dim=0) for n, f in zip(pair.names, features, strict=True)}, "signed")
        return ModelState(pair.names, ["Four features decide."], [bars, maps])


def mean(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a + b) / 2


@pytest.fixture(scope="module")
def pair() -> ImagePair:
    noise = torch.rand(2, *SIZE, generator=torch.Generator().manual_seed(7))
    return ImagePair.from_arrays(*noise)


def settings(method: str, **more: Any) -> dict[str, Any]:
    found = dict(QUICK.get(method, {}))
    if method in HIDING:
        found |= {"units": "grid:12", "fill": "black"}
    if method not in OF_THE_WHOLE_IMAGE:
        found["target"] = REGION
    return found | more


def arrays(result: Any) -> list[torch.Tensor]:
    if isinstance(result, SetExplanation):
        return [keep.float() for keep in result.keep_maps()]
    if isinstance(result, ModelState):
        return [values for part in result.parts if isinstance(part, StateMaps) for values in part.maps.values()]
    return [result.a, result.b]


@pytest.mark.parametrize("method", list_explainers())
@pytest.mark.parametrize("kind", ["network", "rule"])
def test_shapes_numbers_repeat_and_the_model_is_left_as_found(method: str, kind: str, pair: ImagePair) -> None:
    network = TinyInterpretable() if method == "intrinsic" else TinyNetwork()
    model: Any = fl.wrap_model(network, reach=2) if kind == "network" else fl.wrap_model(mean, reach=0)
    if kind == "rule" and method in {*LAYERED, "intrinsic"}:
        with pytest.raises(InputError, match="ddfimage"):
            explain(model, pair, method, **settings(method))
        return
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first, again = (explain(model, pair, method, **settings(method)) for _ in range(2))
    assert arrays(first)
    for one, two in zip(arrays(first), arrays(again), strict=True):
        assert one.shape == SIZE
        assert torch.isfinite(one).all()
        assert torch.equal(one, two)
        assert one.device.type == "cpu"
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks or module._backward_hooks for module in model.modules())


@pytest.mark.parametrize("method", sorted(HIDING))
def test_budget_is_honoured_and_said(method: str, pair: ImagePair) -> None:
    result = explain(fl.wrap_model(mean, reach=0), pair, method, **settings(method, max_images=9, locality=False))
    if isinstance(result, SetExplanation):
        assert result.status in ("BUDGET_EXHAUSTED", "EXPLAINED", "NOT_FOUND")
        assert result.model_images <= 9 + 2  # the certificate may take two more
    else:
        assert result.facts["complete"] is False


@pytest.mark.parametrize("method", sorted(HIDING))
def test_batch_size_and_locality_do_not_matter(method: str, pair: ImagePair) -> None:
    model = fl.wrap_model(TinyNetwork(), reach=2)
    results = [
        arrays(explain(model, pair, method, **settings(method, batch_size=size, locality=local)))
        for size, local in ((1, True), (16, True), (3, False))
    ]
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", sorted(set(list_explainers()) - OF_THE_WHOLE_IMAGE))
def test_target_outside_the_image(method: str, pair: ImagePair) -> None:
    model = fl.wrap_model(TinyNetwork(), reach=2)
    with pytest.raises(InputError, match="leaves the image"):
        explain(model, pair, method, **settings(method, target=RegionMean((30, 30, 60, 60))))


@pytest.mark.parametrize("method", list_explainers())
def test_first_line_of_the_docstring_is_a_summary(method: str) -> None:
    summary = (EXPLAINERS[method].__doc__ or "").splitlines()[0]
    assert 20 < len(summary) < 160
