import export
import numpy as np
import pytest
import SimpleITK as sitk
import torch
from brainmask import heads, masking, samples
from brainmask.composites import compose
from brainmask.contrasts import BRIGHTNESS
from brainmask.network import BrainNet
from preprocess import SEQUENCES, prepare

# Label values of a phantom head's shells, from the innermost outwards, and their outer radius as a share of the head's.
SHELLS = ((4, 0.15), (2, 0.5), (3, 0.62), (24, 0.68), (515, 0.76), (507, 0.9), (511, 1.0))


def label_map(size=64, radii=(26, 28, 24)):
    """FreeSurfer-like labels [k, j, i] of shells around the middle of a cube."""
    offsets = np.indices((size,) * 3) - (size - 1) / 2
    distance = np.sqrt(sum((own / radius) ** 2 for own, radius in zip(offsets, radii)))
    labels = np.zeros(distance.shape, np.int32)
    for value, share in reversed(SHELLS):
        labels[distance <= share] = value
    k, j, i = offsets
    # A ridge of bone in a furrow of the brain, and a nose.
    labels[(abs(k) < 2) & (abs(j) < 2) & (i > 10) & (distance < 0.7)] = 515
    labels[(abs(k) < 4) & (abs(i) < 4) & (j > 20) & (j < 31) & (labels == 0)] = 511
    return labels


@pytest.fixture(scope="module")
def head():
    return heads.head_of(label_map(), 0)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = BrainNet((8, 8, 8, 8)).eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    return network


def oblique_image(values):
    """An image with thick slices, turned by 20° about the head's axis, its first axis towards the left."""
    image = sitk.GetImageFromArray(values.astype(np.float32))
    image.SetSpacing((1.5, 1.0, 4.0))
    turn = np.radians(20)
    axes = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    image.SetDirection(axes.ravel().tolist())
    image.SetOrigin((-60, 35, 12))
    return sitk.DICOMOrient(image, "RAS")


def lopsided_head():
    """A grey head with a bright ball near its left, front and top: image and where the ball is."""
    k, j, i = np.indices((30, 130, 90))
    place = np.stack([(k - 15) * 4.0, (j - 65) * 1.0, (i - 45) * 1.5])
    grey = (place**2).sum(0) < 55**2
    ball = ((place - np.array([16, -20, 24]).reshape(3, 1, 1, 1)) ** 2).sum(0) < 20**2
    random = np.random.default_rng(0)
    return oblique_image(100 * grey + 200 * ball + random.uniform(0, 2, grey.shape)), oblique_image(ball)


def bright(images, availability):
    """Stands for a network: positive where the sequences' mean score is far above the head's."""
    return (images.sum(1, keepdims=True) / availability.sum()) - 1.5


def test_the_mask_lies_on_the_reference_where_the_network_saw_it():
    image, ball = lopsided_head()
    found = masking.brain_mask(bright, {"t1": image})
    assert (found.GetSize(), found.GetOrigin(), found.GetDirection()) == (image.GetSize(), image.GetOrigin(), image.GetDirection())
    ours, wanted = sitk.GetArrayViewFromImage(found) > 0, sitk.GetArrayViewFromImage(ball) > 0.5
    assert 2 * (ours & wanted).sum() / (ours.sum() + wanted.sum()) > 0.9
    # Physical place: L, P, S of the ball's middle.
    middle = [image.TransformContinuousIndexToPhysicalPoint(np.argwhere(mask).mean(0)[::-1].tolist()) for mask in (ours, wanted)]
    assert np.allclose(*middle, atol=1)


def test_voxels_outside_the_head_keep_their_scores():
    image, _ = lopsided_head()
    prepared = prepare({"t1": image}, is_masked=False)
    corner = prepared.images[0, 0, 0, 0]
    mean, deviation = prepared.statistics["t1"]
    assert corner == pytest.approx((0 - mean) / deviation, abs=0.05)
    assert not prepared.images[1:].any() and prepared.availability.tolist() == [1, 0, 0, 0]
    assert all(size % 16 == 0 for size in prepared.images.shape[1:])


def test_holes_are_filled_and_islands_left_out():
    image, _ = lopsided_head()
    prepared = prepare({"t1": image}, is_masked=False)
    logits = np.full(prepared.images.shape[1:], -5.0)
    logits[5:20, 10:40, 10:40] = 5
    logits[9:13, 20:24, 20:24] = -5
    logits[30:33, 4:8, 4:8] = 5
    # A furrow that is open to the outside is no hole.
    logits[12:20, 30:34, 24:28] = -5
    mask = masking.brain_from(logits, prepared)
    back = sitk.GetArrayFromImage(sitk.Resample(mask, prepared.grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0))
    assert back[11, 22, 22] == 1 and back[31, 6, 6] == 0 and back[16, 32, 26] == 0 and back[8, 15, 15] == 1


def test_a_masked_head_is_zero_outside_the_mask_only():
    image, ball = lopsided_head()
    bare = masking.without_outside({"t1": image}, sitk.Cast(ball > 0.5, sitk.sitkUInt8))["t1"]
    inside, values = sitk.GetArrayViewFromImage(ball) > 0.5, sitk.GetArrayFromImage(image)
    assert np.array_equal(sitk.GetArrayViewFromImage(bare), np.where(inside, values, 0))


def test_absent_sequences_do_not_matter_and_present_ones_are_averaged(network):
    images, other = torch.randn(1, 4, 32, 32, 32), torch.randn(1, 4, 32, 32, 32)
    other[:, [0, 2]] = images[:, [0, 2]]
    with torch.no_grad():
        both = network(images, torch.tensor([[1.0, 0, 1, 0]]))
        assert torch.equal(both, network(other, torch.tensor([[1.0, 0, 1, 0]])))
        alone = [network.single(images[:, index : index + 1]) for index in (0, 2)]
        assert torch.allclose(both, (alone[0] + alone[1]) / 2, atol=1e-5)


def test_the_exported_network_answers_as_the_trained_one(tmp_path):
    torch.manual_seed(0)
    trained = BrainNet()
    torch.nn.init.normal_(trained.head.weight)
    whole = export.Brain(trained.state_dict()).eval()
    export.write(whole, tmp_path / "brain.onnx")
    images, availability = torch.randn(1, 4, 32, 48, 64), torch.tensor([[0.0, 1, 1, 0]])
    found = masking.load_network(tmp_path / "brain.onnx")(images.numpy(), availability.numpy())
    with torch.no_grad():
        assert np.abs(found - whole(images, availability)[0].numpy()).max() <= 1e-4


def test_a_head_becomes_tissues_and_a_brain_without_its_skull(head):
    tissues, brain = head
    assert set(heads.TISSUES) == set(BRIGHTNESS)
    middle = tuple(extent // 2 for extent in tissues.shape)
    assert tissues[middle] == heads.CODE["ventricle"] and brain[middle]
    assert not brain[np.isin(tissues, [heads.CODE[name] for name in ("air", "bone", "muscle", "fat", "skin", "dura")])].any()
    assert brain[np.isin(tissues, heads.BRAIN)].all()
    for name in ("dura", "fat", "bone", "skin"):
        assert (tissues == heads.CODE[name]).any()


def test_synthesis_is_the_same_for_the_same_seed(head):
    lesion = heads.lesion_of(np.pad(np.full((6, 7, 8), 4), 2), heads.LESIONS["lesions"])
    source = {"tissues": np.pad(head[0], 8), "brain": np.pad(head[1], 8)}

    def drawn(seed):
        return samples.sample(([source], [source], [lesion]), 2, (32, 32, 32), torch.Generator().manual_seed(seed))

    (images, brain), (again, same), (other, _) = drawn(3), drawn(3), drawn(4)
    assert torch.equal(images, again) and torch.equal(brain, same)
    assert images.shape != other.shape or not torch.equal(images, other)
    assert images.shape[1:] == brain.shape[1:] and all(size % 16 == 0 for size in images.shape[1:])
    assert 0 <= brain.min() and brain.max() < 1.001 and (brain > 0.5).any()


def test_a_tumour_stays_within_the_brain(head):
    tissues = heads.put_tumour(head[0], np.full((12, 12, 12), heads.CODE["oedema"], np.uint8), np.random.default_rng(0))
    changed = tissues != head[0]
    assert changed.any() and np.isin(head[0][changed], heads.BRAIN).all()


def test_a_composite_holds_the_case_where_it_was(head):
    offsets = np.indices((40, 44, 36)) - np.array([20, 22, 18]).reshape(3, 1, 1, 1)
    own = (offsets**2 / np.array([17, 19, 15]).reshape(3, 1, 1, 1) ** 2).sum(0) <= 1
    # A part that was cut away, so that the warped head has brain where the case has none.
    own &= ~(offsets > 2).all(0)
    case = sitk.GetImageFromArray(np.where(own, 50, 0).astype(np.float32))
    case.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    case.SetOrigin((20, -30, 40))
    tissues, brain, corner, room = compose(*head, {"t1": case}, 2.0)
    place = tuple(slice(first, first + extent) for first, extent in zip(corner, own.shape))
    assert np.array_equal(brain[place], own) and brain.sum() == own.sum()
    there = room.TransformIndexToPhysicalPoint([int(value) for value in corner[::-1]])
    assert np.allclose(there, case.GetOrigin())
    # The skull went around the case's brain: none of it within, all sides of it without.
    skull = np.argwhere(tissues == heads.CODE["bone"])
    found = np.argwhere(brain)
    assert (skull.min(0) < found.min(0)).all() and (skull.max(0) > found.max(0)).all()
    nose = np.argwhere(tissues == heads.CODE["skin"])[:, 1]
    assert nose.max() - found[:, 1].max() > found[:, 1].min() - nose.min()
    assert set(np.unique(tissues[brain])) == {heads.CODE["cortex"]}
    assert not np.isin(tissues[~brain], heads.BRAIN).any()


def test_sequences_of_a_case_are_known_by_name(head):
    source = {"tissues": head[0], "brain": head[1], "names": np.array(["t1ce", "flair"]), "corner": np.zeros(3, int)}
    source["images"] = np.stack([np.where(head[1], 60, 0), np.where(head[1], np.indices(head[1].shape)[2], 0)]).astype(np.uint8)
    image = samples.rendered(source, SEQUENCES.index("t1ce"), torch.Generator().manual_seed(0))
    assert image[head[1]].std() < 1e-6
    image = samples.rendered(source, SEQUENCES.index("flair"), torch.Generator().manual_seed(0))
    assert image[head[1]].std() > 0.1


def test_every_folder_of_lesions_has_its_own_labels_and_all_become_1_mm(tmp_path):
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[2, 2, 2:6] = [1, 2, 3, 4]
    for folder in heads.LESIONS:
        image = sitk.GetImageFromArray(labels)
        image.SetSpacing([2, 2, 2] if folder == "lesions_metastases" else [1, 1, 1])
        (tmp_path / folder).mkdir()
        sitk.WriteImage(image, str(tmp_path / folder / "a_seg.nii.gz"))
    found = heads.lesions_of(tmp_path)
    tissues = {name: {heads.TISSUES[code] for code in np.unique(lesion) if code} for name, lesion in found.items()}
    assert tissues == {
        "lesions.a_seg": {"necrosis", "oedema", "enhancing"}, "lesions_metastases.a_seg": {"necrosis", "oedema", "enhancing"},
        "lesions_post_treatment.a_seg": {"necrosis", "oedema", "enhancing", "cavity"},
    }
    assert np.count_nonzero(found["lesions.a_seg"]) == 3 and np.count_nonzero(found["lesions_metastases.a_seg"]) == 3 * 8
