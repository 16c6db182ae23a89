"""Muon (Jordan et al. 2024): momentum whose matrix is approximately orthogonalised before each step.

Convolution weights are matrices [out, in · kernel]; everything else (biases, norms, heads) is updated by AdamW.
"""

import torch

# Coefficients of the quintic Newton–Schulz iteration of the paper.
QUINTIC = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
# Makes steps as long as AdamW's (Liu et al. 2025).
STEP_SCALE = 0.2


def has_bf16(device):
    """Whether the device supports bf16 natively: otherwise it takes a hundred times as long as f32."""
    return torch.device(device).type == "cuda" or torch.ops.mkldnn._is_mkldnn_bf16_supported()


def orthogonal(matrix):
    """The nearest matrix with singular values near 1; [rows, columns] of any shape."""
    a, b, c = QUINTIC
    is_tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if is_tall else matrix
    if has_bf16(matrix.device):
        x = x.bfloat16()
    x = x / (x.norm() + 1e-7)
    for _ in range(ITERATIONS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return (x.T if is_tall else x).float()


class Muon(torch.optim.Optimizer):
    """For weights with two or more dimensions; the first is the output."""

    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.0):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                ahead = weight.grad.lerp(state["momentum"], group["momentum"])
                step = orthogonal(ahead.flatten(1))
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                length = STEP_SCALE * max(step.shape) ** 0.5
                weight.add_(step.view(weight.shape), alpha=-group["lr"] * length)
