import numpy as np
import SimpleITK as sitk
import torch
from augment import MOTION_SHARE, change_by_motion
from motion import main, moved, posed


def ball(size=48):
    """A bright ball around a dark one on black air, [1, D, H, W]."""
    place = torch.stack(torch.meshgrid(*[torch.arange(size) - size / 2.0] * 3, indexing="ij")).square().sum(0).sqrt()
    return (3.0 * (place < 16) - 2.0 * (place < 8))[None]


def test_a_pose_turns_and_moves_and_brings_nothing_in():
    for seed in range(5):
        image = posed(ball(), torch.Generator().manual_seed(seed))
        assert not torch.equal(image, ball()) and abs(image.sum() / ball().sum() - 1) < 0.05
        centre = (image * torch.arange(48.0)[:, None]).sum() / image.sum()
        assert abs(centre - 23.5) < 6


def test_motion_leaves_ghosts_in_air_and_the_head_in_its_place():
    ghosts = []
    for seed in range(10):
        image = moved(ball(), torch.Generator().manual_seed(seed))
        assert image.min() >= 0 and image.shape == (1, 48, 48, 48)
        # The lines about the middle of k-space keep the place.
        assert torch.corrcoef(torch.stack([image.flatten(), ball().flatten()]))[0, 1] > 0.75
        ghosts.append(image[ball() == 0].mean().item())
    assert max(ghosts) > 0.05


def test_only_some_sequences_move():
    images, inside = torch.cat([ball() - 1.5] * 4), ball() > 0
    generator, moves = torch.Generator().manual_seed(0), 0
    for _ in range(50):
        changed = change_by_motion(images, inside, generator)
        differs = (changed - images)[:, inside[0]].abs().amax(1) > 1e-3
        moves += int(differs.sum())
    assert 0.5 * MOTION_SHARE < moves / 200 < 2 * MOTION_SHARE


def test_copies_of_cases_keep_masks_and_what_is_outside(tmp_path, monkeypatch):
    folder = tmp_path / "in/a"
    folder.mkdir(parents=True)
    values = (50 * ball()[0]).numpy().astype(np.float32)
    for name in ("t1", "flair", "seg"):
        image = sitk.GetImageFromArray(values if name != "seg" else (values > 100).astype(np.float32))
        image.SetOrigin((3, 4, 5))
        sitk.WriteImage(image, str(folder / f"{name}.nii.gz"))
    monkeypatch.setattr("sys.argv", ["motion.py", "--cases", str(tmp_path / "in"), "--out", str(tmp_path / "out")])
    main()
    copies = tmp_path / "out/a"
    assert sorted(path.name for path in copies.iterdir()) == ["flair.nii.gz", "seg.nii.gz", "t1.nii.gz"]
    assert (copies / "seg.nii.gz").read_bytes() == (folder / "seg.nii.gz").read_bytes()
    for name in ("t1", "flair"):
        copy = sitk.ReadImage(str(copies / f"{name}.nii.gz"))
        found = sitk.GetArrayFromImage(copy)
        assert copy.GetOrigin() == (3, 4, 5) and ((found == 0) == (values == 0)).all() and not np.allclose(found, values)
