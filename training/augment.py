"""Random changes of a packed case: flips, an affine map, resolution, intensities, noise and dropped sequences."""

import math

import torch
from torch.nn import functional as F

SPATIAL_SHARE = 0.4
ALL_SEQUENCES_SHARE = 0.5
# Of each sequence on its own: thick slices, and a blur.
COARSE_SHARE, BLUR_SHARE = 0.12, 0.12


def augment(images, targets, availability, generator):
    """New images [4, D, H, W], targets [3, D, H, W] and availability [4]; the inputs stay as they are."""

    def draw():
        return torch.rand((), generator=generator).item()

    if draw() < 0.5:
        images, targets = images.flip(3), targets.flip(3)
    if draw() < SPATIAL_SHARE:
        images, targets = turn_and_scale(images, targets, generator)
    inside = (images != 0).any(0, keepdim=True)
    images = change_resolution(images, generator)
    images = change_intensities(images, generator) * inside
    kept = drop_sequences(availability, generator)
    return images * kept[:, None, None, None], targets, kept


def turn_and_scale(images, targets, generator):
    """One rotation (up to 15° an axis) with a scale of 0.85…1.15, linear interpolation, on a shared grid."""
    angles = (torch.rand(3, generator=generator) - 0.5) * math.pi / 6
    scale = 0.85 + 0.3 * torch.rand((), generator=generator)
    matrix = torch.eye(3)
    for axis, angle in enumerate(angles):
        turn = torch.eye(3)
        a, b = [index for index in range(3) if index != axis]
        turn[a, a] = turn[b, b] = torch.cos(angle)
        turn[a, b], turn[b, a] = -torch.sin(angle), torch.sin(angle)
        matrix = matrix @ turn
    both = torch.cat([images, targets])[None]
    # affine_grid works in units of half the box per axis (x, y, z), so the turn is undone by the box's proportions.
    half = torch.tensor(both.shape[:1:-1], dtype=torch.float32)
    theta = torch.cat([matrix * scale * half[None] / half[:, None], torch.zeros(3, 1)], 1)
    moved = F.grid_sample(both, F.affine_grid(theta[None], both.shape, align_corners=False), align_corners=False)[0]
    return moved[: len(images)], moved[len(images) :]


def smooth(images, sigma):
    """Gaussian smoothing of [C, D, H, W] along the three axes, sigma in voxels; the edge's values go on beyond it."""
    reach = math.ceil(3 * sigma)
    kernel = torch.exp(-(torch.arange(-reach, reach + 1.0) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    for axis in (1, 2, 3):
        lines = images.movedim(axis, -1)
        padded = F.pad(lines.reshape(-1, 1, lines.shape[-1]), (reach, reach), mode="replicate")
        images = F.conv1d(padded, kernel[None, None]).reshape(lines.shape).movedim(-1, axis)
    return images


def change_resolution(images, generator):
    """Some sequences lose detail: thick slices of 2…5 voxels along one axis, or a blur of 0.4…1.2 voxels."""

    def draw():
        return torch.rand((), generator=generator).item()

    changed = []
    for image in images.split(1):
        if draw() < COARSE_SHARE:
            axis, factor = int(3 * draw()), 2 + int(4 * draw())
            sizes = list(image.shape[1:])
            sizes[axis] = max(sizes[axis] // factor, 2)
            thick = F.interpolate(image[None], sizes, mode="area")
            image = F.interpolate(thick, images.shape[1:], mode="trilinear", align_corners=False)[0]
        elif draw() < BLUR_SHARE:
            image = smooth(image, 0.4 + 0.8 * draw())
        changed.append(image)
    return torch.cat(changed)


def change_intensities(images, generator):
    """Per sequence: scale, shift, a power of the ranked brightness, a smooth bias field and noise."""
    count = len(images)
    scale = 0.8 + 0.4 * torch.rand(count, 1, 1, 1, generator=generator)
    shift = 0.4 * torch.rand(count, 1, 1, 1, generator=generator) - 0.2
    bend = 0.8 + 0.4 * torch.rand(count, 1, 1, 1, generator=generator)
    field = F.interpolate(
        0.15 * torch.randn(1, count, 3, 3, 3, generator=generator), images.shape[1:], mode="trilinear"
    )[0]
    bent = images.sign() * images.abs().pow(bend)
    noise = 0.1 * torch.rand((), generator=generator)
    return bent * (scale + field) + shift + noise * torch.randn(images.shape, generator=generator)


def drop_sequences(availability, generator):
    """All present sequences in half of the draws, else a random non-empty subset of them."""
    if torch.rand((), generator=generator) < ALL_SEQUENCES_SHARE:
        return availability
    while True:
        kept = availability * (torch.rand(len(availability), generator=generator) < 0.6)
        if kept.any():
            return kept
