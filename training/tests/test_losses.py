import losses
import torch


def test_core_against_oedema_counts_more_inside_the_tumour(monkeypatch):
    targets = torch.zeros(1, 3, 8, 8, 8)
    targets[:, 0, :4] = 1
    targets[:, 1, :2] = 1
    inside, outside = torch.full_like(targets, -4.0), torch.full_like(targets, -4.0)
    inside[:, 1, 2:4] = 1
    outside[:, 1, 4:6] = 1
    monkeypatch.setattr(losses, "INSIDE_WEIGHT", 0.0)
    assert torch.allclose(losses.region_loss(inside, targets), losses.region_loss(outside, targets))
    monkeypatch.setattr(losses, "INSIDE_WEIGHT", 3.0)
    assert losses.region_loss(inside, targets) > losses.region_loss(outside, targets) + 0.1


def test_a_single_region_is_weighed_evenly(monkeypatch):
    targets = (torch.rand(2, 1, 8, 8, 8, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    plain = losses.region_loss(torch.zeros_like(targets), targets)
    monkeypatch.setattr(losses, "INSIDE_WEIGHT", 3.0)
    assert torch.equal(losses.region_loss(torch.zeros_like(targets), targets), plain)
