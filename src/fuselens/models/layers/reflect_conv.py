"""3 x 3 convolution over the mirror image at the border, in the order that moves the fewest numbers."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import conv2d, pad, unfold


class ReflectConv(nn.Conv2d):
    """`[N, inputs, H, W] -> [N, outputs, H, W]`: 3 x 3, with a bias; the border repeats the image mirrored.

    The same numbers as `nn.Conv2d(..., 3, padding=1, padding_mode="reflect")`. From few channels to many the image is
    shifted first and multiplied after, from many to few the other way round: only few channels are ever padded, and the
    rest is one matrix product.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        """Initialise as `nn.Conv2d` does."""
        super().__init__(inputs, outputs, 3)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Convolve `[N, inputs, H, W]`."""
        if torch.compiler.is_compiling():  # compilers and exporters find their own order
            return conv2d(pad(image, (1, 1, 1, 1), mode="reflect"), self.weight, self.bias)
        if self.in_channels > self.out_channels:
            return sum_of_shifted(conv2d(image, self.weights_last()[..., None, None]), self.bias)
        pixels_first = neighbours(image).contiguous(memory_format=torch.channels_last)
        return conv2d(pixels_first, self.weight.flatten(1)[..., None, None], self.bias)

    def weights_last(self) -> torch.Tensor:
        """Return the weights for the product that comes before the shift, `[3 * 3 * outputs, inputs]`."""
        return self.weight.permute(2, 3, 0, 1).flatten(0, 2)


def neighbours(image: torch.Tensor) -> torch.Tensor:
    """Return each pixel's 3 x 3 neighbourhood as channels: `[N, C, H, W]` to `[N, C * 3 * 3, H, W]`."""
    return unfold(pad(image, (1, 1, 1, 1), mode="reflect"), 3).reshape(len(image), -1, *image.shape[-2:])


def sum_of_shifted(products: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """Add up what each neighbour contributes: `[N, 3 * 3 * C, H, W]` to `[N, C, H, W]`."""
    height, width = products.shape[-2:]
    padded = pad(products, (1, 1, 1, 1), mode="reflect").reshape(len(products), 3, 3, -1, height + 2, width + 2)
    total = products.new_zeros(()) if bias is None else bias[:, None, None]
    for y in range(3):
        for x in range(3):
            total = total + padded[:, y, x, :, y : y + height, x : x + width]
    return total
