import SimpleITK as sitk
import torch
from augment import augment, deform
from patches import T1, T1CE, midline, mirrored, quieted, sample, transplant, window, without_contrast


def case(columns):
    """A brain of 40³ voxels whose midline lies at 20, with a tumour in the given columns."""
    masks = torch.zeros(3, 40, 40, 40, dtype=torch.uint8)
    masks[:, 15:25, 15:25, columns] = 1
    images = torch.ones(4, 40, 40, 40) + 5 * masks[0]
    places = [torch.nonzero(masks[0]).to(torch.int16)]
    return {"images": images, "masks": masks, "availability": torch.ones(4), "midline": torch.tensor(19.5), "places": places}


def test_the_healthy_half_stands_on_both_sides():
    healthy = mirrored(case(slice(4, 12)))
    assert healthy["masks"].sum() == 0
    assert healthy["images"].max() == 1


def test_no_healthy_twin_where_the_tumour_reaches_the_midline():
    assert mirrored(case(slice(10, 22))) is None


def test_a_window_beyond_the_brain_is_empty_there():
    images, masks = window(case(slice(4, 12)), (0, 20, 20), (20, 20, 20), torch.Generator())
    assert images[:, :10].abs().sum() == 0 and images[:, 10:].min() > 0


def test_a_transplant_brings_image_and_mask():
    images, masks = torch.ones(4, 24, 24, 24), torch.zeros(3, 24, 24, 24)
    drawn = (transplant(images, masks, case(slice(4, 12)), torch.Generator().manual_seed(seed)) for seed in range(20))
    mixed, moved = next((mixed, moved) for mixed, moved in drawn if moved.sum() > 0)
    assert mixed[0][moved[0] > 0].mean() > 3 > mixed[0][moved[0] == 0].mean()


def test_a_patch_has_the_asked_size_and_lacks_what_the_case_lacks():
    sick = {**case(slice(4, 12)), "healthy": None, "availability": torch.tensor([1.0, 1, 0, 1])}
    sick["images"][2] = 0
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        images, masks, kept = sample(sick, {"a": sick}, (16, 24, 16), generator)
        assert images.shape == (4, 16, 24, 16) and masks.shape == (3, 16, 24, 16)
        assert kept.any() and kept[2] == 0 and images[2].abs().sum() == 0 < images[[0, 1, 3]].abs().amax((1, 2, 3)).min()
        assert (masks[1] <= masks[0]).all()


def test_shares_of_a_coarse_voxel_stay_shares():
    masks = torch.stack([torch.full((20, 20, 20), share) for share in (0.6, 0.3, 0.1)])
    moved = deform(torch.ones(4, 20, 20, 20), masks, (10, 10, 10), torch.Generator().manual_seed(0))[1]
    assert torch.allclose(moved.amax((1, 2, 3)), torch.tensor([0.6, 0.3, 0.1]))


def test_flips_move_image_and_mask_together():
    images = torch.zeros(4, 20, 20, 20)
    images[..., :10] = 3
    masks = (images[:3] > 0).float()
    for seed in range(8):
        generator = torch.Generator().manual_seed(seed)
        changed, moved, kept = augment(images + 1, masks, torch.ones(4), (16, 16, 16), generator)
        bright = changed[kept > 0][0]
        assert bright[moved[0] > 0.5].mean() > bright[moved[0] < 0.5].mean()


def enhancing():
    """A case whose T1CE is its T1, brighter, but for a tumour that takes up contrast agent in its middle."""
    generator = torch.Generator().manual_seed(0)
    sick = case(slice(2, 14))
    sick["images"] = torch.randn(4, 40, 40, 40, generator=generator)
    sick["masks"][2] = 0
    sick["masks"][2, 18:22, 18:22, 6:10] = 1
    sick["images"][T1CE] = 2 * sick["images"][T1] + 1 + 9 * sick["masks"][2]
    return sick


def test_a_quieted_tumour_keeps_its_core_and_loses_what_enhances():
    sick = enhancing()
    contrast = without_contrast(sick)
    images, masks = quieted(sick["images"], sick["masks"].float(), contrast, torch.Generator().manual_seed(0))
    lit = sick["masks"][2] > 0
    assert not masks[2].any() and torch.equal(masks[:2], sick["masks"][:2].float())
    assert (images[T1CE] - 2 * images[T1] - 1)[lit].mean() < 2 < (sick["images"][T1CE] - 2 * sick["images"][T1] - 1)[lit].mean()
    far = ~torch.nn.functional.max_pool3d(lit.float()[None], 13, 1, 6)[0].bool()
    assert torch.equal(images[:, far], sick["images"][:, far])


def test_no_tumour_is_quieted_where_t1_or_t1ce_is_absent():
    assert without_contrast({**enhancing(), "availability": torch.tensor([0.0, 1, 1, 1])}) is None


def test_a_case_in_another_space_has_no_known_midline():
    image = sitk.Image(10, 10, 10, sitk.sitkUInt8)
    image.SetOrigin([59.5, 0, 0])
    assert midline(image, 5, 115) == 55
    image.SetOrigin([-69, 0, 0])
    assert midline(image, 5, 115) == -1
