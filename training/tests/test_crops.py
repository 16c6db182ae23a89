import crops
import synthetic
import torch
from test_synthetic import head, lesions, of_kind


def test_patients_who_do_not_exist_are_drawn_at_two_millimetres(head, lesions):
    variant = synthetic.variant(torch.from_numpy(of_kind(head, lesions, "drawn", 0)))
    coarse = crops.coarse(variant)
    assert all(extent >= least for extent, least in zip(coarse["tissues"].shape, crops.LEAST))
    assert coarse["targets"].shape[1:] == coarse["tissues"].shape
    # The volume of every region stays what it was: eight small voxels make a large one.
    volumes = coarse["targets"].double().sum((1, 2, 3)) / 255 * 8
    assert torch.allclose(volumes, variant["masks"].double().sum((1, 2, 3)), rtol=0.01)
    # The shares belong to the tissues they were made of.
    tumour = coarse["targets"][0] == 255
    assert torch.isin(coarse["tissues"][tumour], torch.tensor(synthetic.TUMOUR)).all()


def test_a_crop_of_such_a_patient_has_its_tumour_brighter_in_flair(head, lesions):
    case = {"variants": [crops.coarse(synthetic.variant(torch.from_numpy(of_kind(head, lesions, "drawn", 0))))],
            "availability": torch.ones(4)}
    generator, differences = torch.Generator().manual_seed(0), []
    for _ in range(8):
        images, targets = crops.crop(case["variants"][0], crops.LEAST, generator)
        inside = (images != 0).any(0)
        differences.append(float(images[3][targets[0] > 0.9].mean() - images[3][inside & (targets[0] == 0)].mean()))
    assert sum(value > 0 for value in differences) >= 7
    images, targets, kept = crops.sample(case, {}, (64, 64, 64), generator)
    assert images.shape == (4, 64, 64, 64) and targets.shape == (3, 64, 64, 64) and kept.any()
