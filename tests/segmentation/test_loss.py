"""The loss against probabilities by hand."""

from __future__ import annotations

import pytest
import torch

from fuselens.segmentation.labelled import ELSEWHERE
from fuselens.segmentation.loss import balanced_weights, segmentation_loss

LOGITS = torch.randn(2, 4, 3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_every_kind_of_pixel_by_hand() -> None:
    random = torch.Generator().manual_seed(1)
    values = torch.tensor([0, 1, 2, 3, 255, ELSEWHERE])
    label = values[torch.randint(0, 6, (2, 3, 5), generator=random)]
    weights = torch.tensor([0.5, 2.0, 1.0, 3.0], dtype=torch.float64)
    probabilities = LOGITS.softmax(1)
    total = weight = 0.0
    for n in range(2):
        for y in range(3):
            for x in range(5):
                number, chances = int(label[n, y, x]), probabilities[n, :, y, x]
                if number == ELSEWHERE:
                    total, weight = total - float((chances[0] + chances[3]).log()), weight + 1
                elif number != 255:
                    own = float(weights[number])
                    total, weight = total - own * float(chances[number].log()), weight + own
    loss = segmentation_loss(LOGITS, label, weights, named=(1, 2))
    assert float(loss) == pytest.approx(total / weight)


def test_nothing_known_is_no_loss_and_no_gradient() -> None:
    logits = LOGITS.clone().requires_grad_()
    loss = segmentation_loss(logits, torch.full((2, 3, 5), 255))
    loss.backward()
    assert float(loss.detach()) == 0
    assert logits.grad is not None
    assert float(logits.grad.abs().max()) == 0


def test_elsewhere_pushes_only_the_named_classes_down() -> None:
    logits = torch.zeros(1, 4, 1, 1, requires_grad=True)
    segmentation_loss(logits, torch.full((1, 1, 1), ELSEWHERE), named=(1, 2)).backward()
    assert logits.grad is not None
    assert logits.grad.flatten().tolist() == pytest.approx([-0.25, 0.25, 0.25, -0.25])


def test_balanced_weights() -> None:
    label = torch.tensor([[0] * 90 + [1] * 10 + [255] * 7 + [ELSEWHERE] * 5])
    assert balanced_weights([label], 3).tolist() == pytest.approx([(50 / 90) ** 0.5, 5**0.5, 1])
    assert balanced_weights([label, label], 3, power=1).tolist() == pytest.approx([50 / 90, 5, 1])
    assert balanced_weights([label], 3, power=0).tolist() == [1, 1, 1]
    rare = torch.tensor([[0] * 10**6 + [1]])
    assert float(balanced_weights([rare], 2, power=1).max()) == 10
