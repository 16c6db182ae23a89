import numpy as np
import patches
import pytest
import synthetic
import torch
from brainmask import heads
from brainmask.heads import CODE
from test_brainmask import label_map


@pytest.fixture(scope="module")
def head():
    return heads.head_of(label_map(96, (40, 44, 38)), 0)


@pytest.fixture(scope="module")
def lesions():
    lesion = np.full((9, 9, 9), CODE["oedema"], np.uint8)
    lesion[2:7, 2:7, 2:7] = CODE["enhancing"]
    lesion[4, 4, 4] = CODE["necrosis"]
    treated = np.where(lesion == CODE["enhancing"], np.uint8(CODE["cavity"]), lesion)
    return synthetic.by_kind({
        "lesions.a": lesion, "lesions.BRATS13_LG1": np.minimum(lesion, CODE["oedema"]), "lesions_post_treatment.b": treated,
    })


def of_kind(head, lesions, kind, seed):
    return synthetic.patient(*head, lesions, kind, np.random.default_rng(seed))


def test_a_healthy_patient_has_no_tumour_and_no_head_around_the_brain(head, lesions):
    tissues = of_kind(head, lesions, "healthy", 0)
    found = {heads.TISSUES[code] for code in np.unique(tissues)}
    assert {"air", "white", "cortex", "ventricle"} <= found and not found & {"skin", "marrow", "necrosis", "oedema", "enhancing"}


@pytest.mark.parametrize("kind", ["drawn", "grown"])
def test_a_tumour_lies_in_the_brain_with_its_regions_in_each_other(head, lesions, kind):
    kinds, volumes = set(), []
    for seed in range(8):
        tissues = torch.from_numpy(of_kind(head, lesions, kind, seed))
        whole, core, enhancing = synthetic.masks_of(tissues).bool()
        assert whole.any() and not (core & ~whole).any() and not (enhancing & ~core).any()
        kinds |= {heads.TISSUES[code] for code in torch.unique(tissues[whole])}
        volumes.append(int(whole.sum()))
    assert kinds == {"necrosis", "oedema", "enhancing"} and len(set(volumes)) > 1


def test_a_cavity_is_fluid_and_no_part_of_the_tumour(head, lesions):
    assert [len(lesions[kind]) for kind in ("drawn", "quiet", "treated")] == [2, 1, 1]
    tissues = torch.from_numpy(of_kind(head, lesions, "treated", 3))
    cavity = tissues == CODE["cavity"]
    assert cavity.any() and not synthetic.masks_of(tissues)[:, cavity].any()
    patient = synthetic.variant(tissues)
    _, _, t2, flair = synthetic.render(tissues, patient["counts"], torch.Generator().manual_seed(1))
    oedema = tissues == CODE["oedema"]
    assert t2[cavity].mean() > t2[tissues == CODE["white"]].mean() and flair[cavity].mean() < flair[oedema].mean()


def test_a_quiet_tumour_has_a_core_that_does_not_enhance(head, lesions):
    tissues = torch.from_numpy(of_kind(head, lesions, "quiet", 0))
    whole, core, enhancing = synthetic.masks_of(tissues)
    assert whole.any() and core.any() and not enhancing.any()


def test_a_front_reaches_white_matter_before_grey_and_goes_around_bone(head):
    tissues, _ = head
    middle = np.array(tissues.shape) // 2
    start = middle + [0, 14, 0]
    times = synthetic.arrival(synthetic.OEDEMA_SPEED, tissues, start, np.random.default_rng(0))
    assert times[tuple(start)] == 0
    # Beyond where the front was stopped times are huge.
    white, cortex = (np.mean(times[tissues == CODE[name]] < 30) for name in ("white", "cortex"))
    assert white > 2 * cortex > 0 and times[tissues == CODE["skin"]].min() > synthetic.CORE_MM[1]


def test_mass_effect_pushes_what_lies_around_away():
    tissues = np.zeros((40, 40, 40), np.uint8)
    tissues[:, :, 28:] = CODE["ventricle"]
    moved = synthetic.pushed(tissues, (20, 20, 20), 10, 5)
    first = [np.flatnonzero(values[20, 20] == CODE["ventricle"])[0] for values in (tissues, moved)]
    assert first[1] > first[0] and np.array_equal(synthetic.pushed(tissues, (20, 20, 20), 10, 0), tissues)


def test_contrasts_are_those_of_the_sequences_and_differ_from_draw_to_draw(head, lesions):
    patient = synthetic.variant(torch.from_numpy(of_kind(head, lesions, "drawn", 1)))
    generator = torch.Generator().manual_seed(0)
    means = []
    for _ in range(12):
        t1, t1ce, t2, flair = synthetic.render(patient["tissues"], patient["counts"], generator)
        tissues = patient["tissues"]
        assert not t1[tissues == CODE["air"]].any()
        means.append([t1[tissues == CODE["white"]].mean() - t1[tissues == CODE["cortex"]].mean(),
                      t2[tissues == CODE["ventricle"]].mean() - t2[tissues == CODE["white"]].mean(),
                      t1ce[tissues == CODE["enhancing"]].mean() - t1ce[tissues == CODE["white"]].mean(),
                      flair[tissues == CODE["oedema"]].mean() - flair[tissues == CODE["ventricle"]].mean()])
    means = torch.tensor(means)
    assert (means.mean(0) > 0.5).all() and (means.std(0) > 0.02).all()
    whole = torch.stack([t1, t1ce, t2, flair])[:, tissues != CODE["air"]]
    assert (whole.mean(1).abs() < 0.3).all() and ((whole.std(1) - 1).abs() < 0.4).all()


def test_packed_heads_are_cases_that_patches_are_drawn_from(head, lesions, tmp_path, monkeypatch):
    monkeypatch.setattr(synthetic, "CACHE_SYNTHETIC", tmp_path / "synthetic")
    monkeypatch.setattr(synthetic, "CACHE_HEADS", tmp_path)
    monkeypatch.setattr(patches, "CACHE_1MM", tmp_path / "1mm")
    monkeypatch.setattr("sys.argv", ["synthetic.py"])
    for number in (1, heads.HELD_OUT[0]):
        np.savez(tmp_path / f"head-{number:02}.npz", tissues=head[0], brain=head[1])
    np.savez(tmp_path / "lesions.npz", **{f"lesions.{name}": of[0] for name, of in lesions.items()})
    synthetic.main()
    cases = patches.load_cases()
    assert list(cases) == ["head-01"] and len(cases["head-01"]["variants"]) == len(synthetic.KINDS)
    generator, sick = torch.Generator().manual_seed(0), 0
    for _ in range(12):
        images, masks, kept = patches.sample(cases["head-01"], cases, (32, 32, 32), generator)
        assert images.shape == (4, 32, 32, 32) and masks.shape == (3, 32, 32, 32) and images.isfinite().all() and kept.any()
        sick += bool(masks.any())
    assert 0 < sick
