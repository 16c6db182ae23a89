import torch
from optimiser import Muon, orthogonal


def test_singular_values_come_near_to_one():
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonal(torch.randn(16, 40)))
    assert 0.6 < values.min() and values.max() < 1.3


def test_it_goes_downhill():
    torch.manual_seed(0)
    weight, wanted = torch.nn.Parameter(torch.zeros(6, 5)), torch.randn(6, 5)
    optimiser = Muon([weight], lr=0.1)
    losses = []
    for _ in range(60):
        optimiser.zero_grad()
        loss = ((weight - wanted) ** 2).sum()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
