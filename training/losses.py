"""The training loss: Dice and cross-entropy per region, also on each present expert alone."""

import torch
from torch.nn import functional as F

EXPERT_SHARE = 0.4


def region_loss(logits, targets):
    """Soft Dice plus binary cross-entropy; logits and targets (0…1) [..., 3, D, H, W] → [...], a mean over regions."""
    axes = (-3, -2, -1)
    targets = targets.expand_as(logits)
    shares = torch.sigmoid(logits)
    overlap = (shares * targets).sum(axes)
    dice = (2 * overlap + 10) / (shares.sum(axes) + targets.sum(axes) + 10)
    entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(axes)
    return (1 - dice + 2 * entropy).mean(-1)


def total_loss(fused, experts, availability, targets):
    """Losses [B] of the fused logits [B, 3, …] and, weighted less, of the present experts' own [B, 4, 3, …]."""
    own = region_loss(experts, targets[:, None]) * availability
    return region_loss(fused, targets) + EXPERT_SHARE * own.sum(1) / availability.sum(1)
