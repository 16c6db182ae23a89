"""Head poses: rotations, and the sampling positions for `grid_sample`."""

import math

import torch
from torch.nn import functional as F

from draws import chance


def rotation(angles):
    """The matrix [3, 3] of consecutive rotations about x, y and z, in radians."""
    turn = torch.eye(3)
    for axis, angle in enumerate(angles):
        a, b = [index for index in range(3) if index != axis]
        one = torch.eye(3)
        one[a, a] = one[b, b] = math.cos(angle)
        one[a, b], one[b, a] = -math.sin(angle), math.sin(angle)
        turn = turn @ one
    return turn


def places(matrix, size, source, shift=(0.0, 0.0, 0.0)):
    """The positions of the voxels of a box of `size` (D, H, W) in one of `source`, with `matrix` [3, 3] applied about its centre: [1,
    *size, 3].

    `shift`: voxels along x, y and z.
    """
    # affine_grid uses units of half the box per axis (x, y, z): of the new one on its right, of the source on its left.
    new, old = (torch.tensor(tuple(extents)[::-1], dtype=torch.float32) for extents in (size, source))
    theta = torch.cat([matrix * new[None] / old[:, None], (2 * torch.tensor(shift) / old)[:, None]], 1)
    return F.affine_grid(theta[None], (1, 1, *size), align_corners=False)


def bent(grid, most, generator):
    """The positions displaced by smooth bends of up to about `most` of half the box."""
    bend = most * chance(generator) * torch.randn(1, 3, 5, 5, 5, generator=generator)
    return grid + F.interpolate(bend, grid.shape[1:4], mode="trilinear", align_corners=True).movedim(1, -1)
