"""The training loss: Dice and cross-entropy per region, also on coarser stages or on each present expert alone."""

import torch
from torch.nn import functional as F

EXPERT_SHARE = 0.4
# The weight of the coarser logits: each stage counts less than the next finer one.
COARSE_SHARE = 0.4
SMOOTH_MM3 = 100.0
# The additional weight of voxels of the whole tumour in the inner regions' cross-entropy: distinguishing core and oedema is the task there.
INSIDE_WEIGHT = 1.0


def emphasis(targets):
    """Weights of voxels in the cross-entropy, [..., R, D, H, W]; the first region is the one around the others."""
    whole = targets[..., :1, :, :, :]
    within = (1 + INSIDE_WEIGHT * whole).expand_as(targets[..., 1:, :, :, :])
    return torch.cat([torch.ones_like(whole), within], -4)


def region_loss(logits, targets, voxel_volume=1.0):
    """Soft Dice plus binary cross-entropy; logits and targets (0…1) [..., 3, D, H, W] → [...], a mean over regions."""
    axes, smooth = (-3, -2, -1), SMOOTH_MM3 / voxel_volume
    logits, targets = logits.float(), targets.expand_as(logits)
    shares = torch.sigmoid(logits)
    overlap = (shares * targets).sum(axes)
    dice = (2 * overlap + smooth) / (shares.sum(axes) + targets.sum(axes) + smooth)
    entropy = F.binary_cross_entropy_with_logits(logits, targets, emphasis(targets), reduction="none").mean(axes)
    return (1 - dice + 4 * entropy).mean(-1)


def deep_loss(logits, coarse, targets, voxel_volume=1.0):
    """Losses [B] of the logits and, with less weight, of the coarser logits (coarsest first), each on half of the next one's grid."""
    loss, weight = region_loss(logits, targets, voxel_volume), COARSE_SHARE
    for values in reversed(coarse):
        factor = targets.shape[-1] // values.shape[-1]
        loss = loss + weight * region_loss(values, F.avg_pool3d(targets, factor), voxel_volume * factor**3)
        weight *= COARSE_SHARE
    return loss


def expert_loss(fused, experts, availability, targets, voxel_volume):
    """Losses [B] of the fused logits [B, 3, …] and, with less weight, of the present experts' own [B, 4, 3, …]."""
    own = region_loss(experts, targets[:, None], voxel_volume) * availability
    return region_loss(fused, targets, voxel_volume) + EXPERT_SHARE * own.sum(1) / availability.sum(1)
