"""LRRNet's loss: VGG-16 layer by layer, each part by an independent formula, gradients, files that do not serve."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from fuselens.core.errors import InputError
from fuselens.models import load_model
from fuselens.training.lightning_module import FusionTraining
from fuselens.training.losses import PARTS, partial_losses
from fuselens.training.objectives import vgg
from fuselens.training.objectives.perceptual import Perceptual, gram
from fuselens.training.recipe import Recipe
from fuselens.training.run import train

State = dict[str, torch.Tensor]
# Where torchvision's layout has its convolutions; the last three lie behind relu4_3.
CONVOLUTIONS = {
    0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256), 12: (256, 256), 14: (256, 256),
    17: (256, 512), 19: (512, 512), 21: (512, 512), 24: (512, 512),
}  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """The network is read once a process; here, once a test."""
    vgg.load_vgg.cache_clear()
    yield
    vgg.load_vgg.cache_clear()


@pytest.fixture(scope="module")
def state() -> State:
    """Random weights that neither blow values up nor let them die, in torchvision's layout."""
    random = torch.Generator().manual_seed(3)
    made: State = {"classifier.0.weight": torch.zeros(4, 7)}
    for number, (inputs, outputs) in CONVOLUTIONS.items():
        weight = torch.randn(outputs, inputs, 3, 3, generator=random)
        made[f"features.{number}.weight"] = weight * math.sqrt(2 / (9 * inputs))
        made[f"features.{number}.bias"] = torch.randn(outputs, generator=random)
    return made


@pytest.fixture(scope="module")
def file(state: State, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The weights as torch saves them."""
    place = tmp_path_factory.mktemp("vgg") / "vgg16.pth"
    torch.save(state, place)
    return str(place)


def images(seed: int, count: int, shape: tuple[int, int] = (19, 22)) -> list[torch.Tensor]:
    random = np.random.default_rng(seed)
    return [torch.from_numpy(random.random((2, 1, *shape))) for _ in range(count)]


def features_by_hand(image: torch.Tensor, state: State) -> list[torch.Tensor]:
    """relu1_2, relu2_2, relu3_3 and relu4_3, one call a layer."""

    def layer(values: torch.Tensor, number: int) -> torch.Tensor:
        weight, bias = (state[f"features.{number}.{kind}"].to(values) for kind in ("weight", "bias"))
        return F.conv2d(values, weight, bias, padding=1).clamp(min=0)

    first = layer(layer(torch.cat((image, image, image), dim=1), 0), 2)
    second = layer(layer(F.max_pool2d(first, 2, 2), 5), 7)
    third = layer(layer(layer(F.max_pool2d(second, 2, 2), 10), 12), 14)
    fourth = layer(layer(layer(F.max_pool2d(third, 2, 2), 17), 19), 21)
    return [first, second, third, fourth]


def test_layers_are_those_of_vgg_16(state: State, file: str) -> None:
    (image,) = images(1, 1)
    network = vgg.vgg_for(image, file)
    found = network(255 * image)
    assert [tuple(values.shape[1:]) for values in found] == [(64, 19, 22), (128, 9, 11), (256, 4, 5), (512, 2, 2)]
    for got, expected in zip(found, features_by_hand(255 * image, state), strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-8)
    assert [len(network(image, count)) for count in (1, 2, 3, 4)] == [1, 2, 3, 4]
    torch.testing.assert_close(network(255 * image, 2)[1], found[1])
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_both_kinds_of_file_hold_the_same_and_are_read_once(state: State, file: str, tmp_path: Path) -> None:
    place = tmp_path / "vgg16.safetensors"
    save_file(state, place)
    before = torch.random.get_rng_state()
    pickled = vgg.load_vgg(file).state_dict()
    assert torch.equal(before, torch.random.get_rng_state())
    network = vgg.load_vgg(str(place))
    assert all(torch.equal(tensor, network.state_dict()[name]) for name, tensor in pickled.items())
    place.unlink()
    assert vgg.load_vgg(str(place)) is network


def test_gram_matrices_by_numpy() -> None:
    values = np.random.default_rng(2).standard_normal((2, 3, 4, 5))
    expected = np.einsum("nchw,ndhw->ncd", values, values) / (3 * 4 * 5)
    np.testing.assert_allclose(gram(torch.from_numpy(values)), expected, atol=1e-12)


def loss_by_hand(f: torch.Tensor, ir: torch.Tensor, vi: torch.Tensor, state: State, stretch: bool) -> list[float]:
    """The published sum, part by part with its weight."""
    made = f.clone()
    for one in made if stretch else []:
        one[:] = (one - one.min()) / (one.max() - one.min() + 1e-5)
    made, ir, vi = 255 * made, 255 * ir, 255 * vi
    f_1, f_2, f_3, f_4 = (part.numpy() for part in features_by_hand(made, state))
    _, ir_2, ir_3, ir_4 = (part.numpy() for part in features_by_hand(ir, state))
    vi_1, vi_2, vi_3, _ = (part.numpy() for part in features_by_hand(vi, state))

    def matrix(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> np.ndarray:  # type: ignore[type-arg]
        _, c, h, w = values.shape
        return np.einsum("nchw,ndhw->ncd", values, values) / (c * h * w)

    return [
        10 * float(np.mean((made - vi).numpy() ** 2)),
        1.5 * float(np.mean((f_1 - vi_1) ** 2)),
        0.01 * float(np.mean((f_2 - 3.0 * ir_2 - 0.5 * vi_2) ** 2)),
        0.5 * float(np.mean((f_3 - 3.0 * ir_3 - 0.5 * vi_3) ** 2)),
        2000 * float(np.mean((matrix(f_4) - matrix(ir_4)) ** 2)),
    ]


@pytest.mark.parametrize("stretch", [True, False])
def test_the_loss_is_the_published_sum(state: State, file: str, stretch: bool) -> None:
    fused, a, b = images(4, 3)
    fused = 0.1 + 0.3 * fused
    objective = Perceptual(vgg=file, stretch=stretch)
    total, parts = objective.loss((fused,), (a, b))
    expected = loss_by_hand(fused, a, b, state, stretch)
    names = ("pixels", "relu1_2", "relu2_2", "relu3_3", "gram")
    for name, value in zip(names, expected, strict=True):
        assert getattr(objective, name) * parts[name] == pytest.approx(value, rel=1e-9)
    assert float(total) == pytest.approx(sum(expected), rel=1e-9)
    likeness = partial_losses(fused, a, b)
    assert parts.keys() == {*names, *PARTS}
    assert parts["l2_a"] == pytest.approx(float(likeness["l2_a"]))


def test_a_copy_of_both_sources_that_are_one_costs_only_what_the_shares_ask_for(file: str) -> None:
    (image,) = images(5, 1)
    total, _ = Perceptual(vgg=file, stretch=False, share_a=0.5, share_b=0.5).loss((image,), (image, image))
    assert float(total) == pytest.approx(0, abs=1e-9)
    assert Perceptual(vgg=file, stretch=False).loss((image,), (image, image))[1]["relu2_2"] > 1


def test_gradient_agrees_with_finite_differences(file: str) -> None:
    fused, a, b = images(6, 3, (13, 12))
    objective = Perceptual(vgg=file)
    fused.requires_grad_()
    (gradient,) = torch.autograd.grad(objective.loss((fused,), (a, b))[0], fused)
    random = np.random.default_rng(0)
    for _ in range(3):
        direction = torch.from_numpy(random.standard_normal(fused.shape))
        with torch.no_grad():
            ahead, behind = (objective.loss((fused + step * direction,), (a, b))[0] for step in (1e-7, -1e-7))
        assert float((ahead - behind) / 2e-7) == pytest.approx(float((gradient * direction).sum()), rel=1e-4)


def test_a_network_first_seen_in_inference_mode_can_be_learned_through(file: str) -> None:
    fused, a, b = images(7, 3)
    with torch.inference_mode():
        Perceptual(vgg=file).loss((fused,), (a, b))
    fused.requires_grad_()
    Perceptual(vgg=file).loss((fused,), (a, b))[0].backward()
    assert fused.grad is not None


class _Code:
    def __reduce__(self) -> tuple[object, ...]:
        return print, ("this must not run",)


def test_files_that_do_not_serve_get_one_sentence(
    state: State, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def saved(name: str, content: object) -> str:
        torch.save(content, tmp_path / name)
        return str(tmp_path / name)

    (tmp_path / "noise.pth").write_bytes(np.random.default_rng(0).bytes(300))
    (tmp_path / "noise.safetensors").write_bytes(b"0123456789")
    short = {name: tensor for name, tensor in state.items() if name != "features.21.bias"}
    wide = state | {"features.5.weight": torch.zeros(128, 64, 5, 5)}
    bad = {
        str(tmp_path / "none.pth"): "none.pth' does not exist",
        saved("code.pth", {"features.0.weight": _Code()}): "code.pth' holds more or other than tensors",
        str(tmp_path / "noise.pth"): "noise.pth' holds more or other than tensors",
        str(tmp_path / "noise.safetensors"): "noise.safetensors' is not a safetensors file",
        saved("short.pth", short): "short.pth' does not hold VGG-16: features.21.bias is missing or of another shape",
        saved("wide.pth", wide): "wide.pth' does not hold VGG-16: features.5.weight is missing or of another shape",
        saved("list.pth", [1, 2]): "list.pth' does not hold VGG-16: features.0.weight is missing",
        saved("words.pth", dict.fromkeys(state, "x")): "words.pth' does not hold VGG-16: features.0.weight is missing",
    }
    for file, sentence in bad.items():
        with pytest.raises(InputError, match=sentence) as caught:
            Perceptual(vgg=file).prepare()
        assert "\n" not in str(caught.value)
        if "safetensors" not in file:
            assert str(caught.value).endswith("and name the file: --set loss.vgg=FILE.")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "failure",
    [URLError("no route to host"), RuntimeError('invalid hash value (expected "397923af", got "00")'), TimeoutError()],
)
def test_without_a_network_the_sentence_says_which_file_to_bring(
    monkeypatch: pytest.MonkeyPatch, recipe: Recipe, failure: Exception
) -> None:
    def refuse(*_: object, **__: object) -> State:
        raise failure

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)
    sentence = (
        r"^Cannot download VGG-16's weights \(.+\); fetch torchvision's vgg16-397923af.pth .*--set loss.vgg=FILE\.$"
    )
    with pytest.raises(InputError, match=sentence):
        Perceptual().prepare()
    with pytest.raises(InputError, match=sentence):  # before the first step
        FusionTraining(load_model("deepfuse", weights=None), recipe.changed(objective="perceptual"))


def test_the_download_is_checked_and_keeps_stdout_clean(
    state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def download(url: str, **settings: object) -> State:
        assert url.endswith("/vgg16-397923af.pth")
        assert settings["check_hash"] is settings["weights_only"] is True
        print("Downloading ...")
        return state

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", download)
    Perceptual().prepare()
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "Downloading ...\n")


def test_lrrnet_learns_by_its_own_loss(pairs: Path, recipe: Recipe, file: str, tmp_path: Path) -> None:
    changes = {"model": "lrrnet", "settings": {"output": "minmax"}, "objective": "perceptual", "loss.vgg": file}
    small = recipe.changed(**changes, crop=32, steps=2, epoch_steps=1, batch_size=1, weight_decay=0.9, lr=1e-5)
    result = train(small, [pairs], tmp_path / "run", accelerator="cpu")
    assert result.steps == 2
    assert result.losses.keys() == {"loss", "pixels", "relu1_2", "relu2_2", "relu3_3", "gram", *PARTS}
    assert all(math.isfinite(value) for value in result.losses.values())
    assert (tmp_path / "run" / "losses.png").is_file()


@pytest.mark.parametrize("optimiser", ["adam", "rmsprop"])
def test_weight_decay_reaches_the_optimiser(recipe: Recipe, optimiser: str) -> None:
    changed = recipe.changed(optimiser=optimiser, weight_decay=0.9, schedule="constant")
    plan = FusionTraining(load_model("deepfuse", weights=None), changed).configure_optimizers()
    assert plan.param_groups[0]["weight_decay"] == 0.9
