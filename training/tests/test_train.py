import checkpoint
import pytest
import torch
import train
from test_patches import case


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(train, "PATCHES", ((32, 32, 32),))
    monkeypatch.setattr(checkpoint, "PIECE", 1 << 20)
    torch.set_num_threads(1)


@pytest.mark.parametrize("processes", [0, 1])
def test_a_stopped_run_goes_on(small, tmp_path, processes):
    cases = {name: {**case(slice(4, 12)), "healthy": None, "weight": torch.tensor(1.0)} for name in ("a", "b")}
    run = train.Run(train.Refine, tmp_path, seed=0)
    train.train(run, cases, seconds=1e6, seed=0, limit=1e-3, processes=processes)
    assert run.step == 1 and run.seconds > 0
    again = train.Run(train.Refine, tmp_path, seed=1)
    assert again.step == 1 and again.seconds == run.seconds
    for kept, known in zip(again.network.parameters(), run.network.parameters()):
        assert torch.equal(kept, known)
    train.train(again, cases, seconds=1e6, seed=0, limit=1e-3, processes=processes)
    assert again.step == 2
    assert [path.name for path in checkpoint.folders(tmp_path)] == ["checkpoint-2"]


def test_a_gradient_that_is_not_finite_is_no_step(small, tmp_path, monkeypatch):
    monkeypatch.setattr(train.Refine, "lesson", lambda teacher, share, *batch: batch)
    monkeypatch.setattr(train.Refine, "loss", lambda network, factor: factor * sum(weight.sum() for weight in network.parameters()))
    run = train.Run(train.Refine, tmp_path, seed=0)
    before = [weight.clone() for weight in run.network.parameters()]
    run.advance([torch.tensor(torch.nan)], 0)
    assert run.step == 1 and all(torch.equal(kept, known) for kept, known in zip(run.network.parameters(), before))
    run.advance([torch.tensor(1.0)], 0)
    assert not any(torch.equal(kept, known) for kept, known in zip(run.network.parameters(), before))


def test_dropped_sequences_are_hidden_from_the_network_and_shown_to_its_teacher():
    seen = {}

    def teacher(images, availability):
        seen.update(images=images, availability=availability)
        return torch.full((2, 3, 4, 4, 4), 20.0), []

    images, targets = torch.ones(2, 4, 4, 4, 4), torch.zeros(2, 3, 4, 4, 4)
    kept, present, weights = torch.tensor([[1.0, 0, 0, 0], [1, 1, 0, 1]]), torch.ones(2, 4), torch.ones(2)
    plain = train.Refine.lesson(None, 0.0, images, targets, kept, weights, present)
    assert torch.equal(plain[1], targets) and torch.equal(plain[0].amax((2, 3, 4)), kept)
    shown, softer, *rest = train.Refine.lesson(teacher, 0.3, images, targets, kept, weights, present)
    assert torch.equal(seen["images"], images) and torch.equal(seen["availability"], present)
    assert torch.equal(shown, plain[0]) and torch.allclose(softer, torch.tensor(0.3), atol=1e-6)
    assert torch.equal(rest[0], kept) and torch.equal(rest[1], weights)


def test_a_distilled_run_steps_and_the_teacher_learns_nothing_itself(small, tmp_path, monkeypatch):
    # In bf16 patches as small as these often have no finite gradient (`Run.advance`).
    monkeypatch.setattr(train, "has_bf16", lambda device: False)
    cases = {name: {**case(slice(4, 12)), "healthy": None, "weight": torch.tensor(1.0)} for name in ("a", "b")}
    run = train.Run(train.Refine, tmp_path, seed=0, distillation=0.5)
    before = [weight.clone() for weight in run.network.parameters()]
    run.advance(next(train.Refine.batches(cases, lambda: 0, torch.Generator().manual_seed(0))), 0)
    assert any(not torch.equal(kept, known) for kept, known in zip(run.network.parameters(), before))
    assert all(weight.grad is None for weight in run.average.parameters())


def test_no_piece_is_too_large_to_carry(small, tmp_path):
    checkpoint.save(tmp_path, 7, {"values": torch.arange(1_000_000)})
    pieces = list(checkpoint.folders(tmp_path)[0].iterdir())
    assert len(pieces) == 8 and all(piece.stat().st_size <= checkpoint.PIECE for piece in pieces)
    assert torch.equal(checkpoint.load(tmp_path)["values"], torch.arange(1_000_000))


def test_a_run_that_was_killed_while_saving_has_its_last_state(small, tmp_path):
    checkpoint.save(tmp_path, 1, {"value": 1})
    (tmp_path / "partial").mkdir()
    (tmp_path / "partial/000").write_bytes(b"half")
    assert checkpoint.load(tmp_path) == {"value": 1}
    checkpoint.save(tmp_path, 2, {"value": 2})
    assert checkpoint.load(tmp_path) == {"value": 2}
