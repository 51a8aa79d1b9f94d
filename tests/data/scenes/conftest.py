"""How visible an object is, measured in the pixels of a generated pair."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from fuselens.data.examples import example_pair


def _edge_contrast(luma, mask, sigma):
    """Mean over the object's outline of |local mean inside - local mean outside|, and the same without the modulus."""
    inside, outside = gaussian_filter(mask, sigma), gaussian_filter(1 - mask, sigma)
    on_edge = (inside > 0.02) & (outside > 0.02)
    weight = inside * outside * on_edge
    step = gaussian_filter(luma * mask, sigma) / np.maximum(inside, 1e-9)
    step = step - gaussian_filter(luma * (1 - mask), sigma) / np.maximum(outside, 1e-9)
    return (weight * np.abs(step)).sum() / weight.sum(), abs((weight * step).sum()) / weight.sum()


@pytest.fixture(scope="session")
def drawn():
    """`example_pair` that draws a pair once for all tests that look at it."""
    return lru_cache(maxsize=None)(example_pair)


@pytest.fixture
def visibility():
    """A function (pair, class name, signed=False) -> contrast in a, contrast in b."""

    def measure(pair, name, *, signed=False):
        number = {value: key for key, value in pair.truth["classes"].items()}[name]
        mask = (pair.truth["labels"] == number).astype(float)
        sigma = 0.012 * min(pair.size)
        return tuple(_edge_contrast(source.y.numpy().astype(float), mask, sigma)[signed] for source in pair)

    return measure
