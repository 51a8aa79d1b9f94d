"""Weighted means over every window of an image, the ground of SSIM, VIF and their kin.

Windows are separable, so an image is filtered along its columns, then along its rows. On CPUs each pass is two
products with small banded matrices, which runs at the speed of matrix multiplication in either precision.
"""

from __future__ import annotations

import torch
from torch.nn.functional import conv2d, pad

BLOCK = 16  # outputs a banded matrix makes at once; the fastest on CPUs for windows of 3 to 17


def gaussian(size: int, sigma: float, like: torch.Tensor) -> torch.Tensor:
    """Return the weights of a Gaussian window, sampled at whole pixels around its centre, with sum 1, `[size]`."""
    return gaussian_at(torch.arange(size, dtype=torch.float64) - (size - 1) / 2, sigma, like)


def gaussian_at(places: torch.Tensor, sigma: float, like: torch.Tensor) -> torch.Tensor:
    """Return the weights of a Gaussian window sampled at `places` `[K]`, with sum 1, in type and place of `like`."""
    weights = torch.exp(-0.5 * (places / sigma) ** 2)
    return (weights / weights.sum()).to(like.dtype).to(like.device)


def uniform(size: int, like: torch.Tensor) -> torch.Tensor:
    """Return the weights of a flat window, with sum 1, `[size]`."""
    return torch.full((size,), 1 / size, dtype=like.dtype, device=like.device)


def window_means(images: torch.Tensor, weights: torch.Tensor, *, step: int = 1) -> torch.Tensor:
    """Return the weighted mean of every window that lies in the image.

    Args:
        images: `[..., H, W]`, no side smaller than the window.
        weights: `[K]`, of the rows and of the columns of a window alike.
        step: pixels from window to window, 1 or 2.

    Returns:
        `[..., (H - K) // step + 1, (W - K) // step + 1]`.
    """
    # Elsewhere products may run in reduced precision, which variances do not survive; convolutions do not there.
    exact = images.dtype == torch.float64 or torch.get_float32_matmul_precision() == "highest"
    if images.device.type == "cpu" and exact:
        return _by_blocks(images, weights, step)
    return _by_convolution(images, weights, step)


def _by_convolution(images: torch.Tensor, weights: torch.Tensor, step: int) -> torch.Tensor:
    maps = images.reshape(1, -1, *images.shape[-2:])
    count = maps.shape[1]
    taps = weights.expand(count, 1, -1)
    columns = conv2d(maps, taps[..., None], groups=count, stride=(step, 1))
    means = conv2d(columns, taps[..., None, :], groups=count, stride=(1, step))
    return means.view(*images.shape[:-2], *means.shape[-2:])


def _by_blocks(images: torch.Tensor, weights: torch.Tensor, step: int) -> torch.Tensor:
    height, width = images.shape[-2:]
    own, following = _bands(weights, step)
    size = len(own)
    if height % size or width % size:
        images = pad(images, (0, -width % size, 0, -height % size))
    # All images as one tall one: what its blocks take from the next image or row is cut off in the end.
    blocks = images.reshape(-1, size, images.shape[-1])
    columns = torch.bmm(own.T.expand(len(blocks), -1, -1), blocks)
    columns[:-1].baddbmm_(following.T.expand(len(blocks) - 1, -1, -1), blocks[1:])
    blocks = columns.view(-1, size)
    rows = blocks @ own
    rows[:-1].addmm_(blocks[1:], following)
    means = rows.view(*images.shape[:-2], -1, images.shape[-1] // step)
    return means[..., : (height - len(weights)) // step + 1, : (width - len(weights)) // step + 1]


def _bands(weights: torch.Tensor, step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what a block of inputs, and the block after it, give to the outputs of a block, `[size, size / step]`."""
    length = len(weights)
    size = BLOCK * -(-(length - 1) // BLOCK) or BLOCK
    band = weights.new_zeros(size, 2 * size + 1)
    band[:, :length] = weights
    band = band.flatten()[: size * 2 * size].view(size, 2 * size)[::step]  # each row one further to the right
    return band[:, :size].T.contiguous(), band[:, size:].T.contiguous()
