import nibabel
import numpy as np
from phantom import make_phantom, write_phantom


def test_same_seed_gives_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_phantom(tmp_path / name, 3, spacing=3.0)
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_truth_matches_the_label_map(tmp_path):
    facts = write_phantom(tmp_path, 4, side="right", spacing=2.0)
    image = nibabel.load(tmp_path / "seg.nii.gz")
    labels = np.asarray(image.dataobj)
    assert set(np.unique(labels)) == {0, 1, 2, 3}
    assert facts["volumes_mm3"]["WT"] == (labels > 0).sum() * 8
    assert nibabel.aff2axcodes(image.affine) == ("R", "A", "S")
    centre = image.affine @ [*np.argwhere(labels > 0).mean(0), 1]
    assert centre[0] > 0


def test_seeds_differ_and_background_is_zero():
    first, labels, _, _ = make_phantom(5, spacing=3.0)
    second = make_phantom(6, spacing=3.0)[0]
    assert not np.array_equal(first["flair"], second["flair"])
    assert (first["t1"][0] == 0).all() and (first["t1"][labels > 0] > 0).all()
