import numpy as np
import preprocess
import SimpleITK as sitk


def ball(size=(90, 100, 80)):
    k, j, i = np.ogrid[: size[2], : size[1], : size[0]]
    return (((i - 44) / 30) ** 2 + ((j - 51) / 38) ** 2 + ((k - 40) / 28) ** 2 < 1).astype(np.uint8)


def placed(mask):
    grid = preprocess.target_grid(sitk.GetImageFromArray(mask))
    return grid.GetSize(), grid.GetOrigin()


def test_the_grid_stays_where_it_is_when_the_foreground_grows_by_a_voxel():
    mask = ball()
    expected = placed(mask)
    for place in np.argwhere(mask).min(0), np.argwhere(mask).max(0):
        for axis in range(3):
            more = mask.copy()
            at = [40, 51, 44]
            at[axis] = place[axis] + (1 if place[axis] > at[axis] else -1)
            more[tuple(at)] = 1
            assert placed(more) == expected


def test_the_grid_holds_the_foreground_and_starts_between_two_voxels():
    mask = ball()
    mask[40, 51, :75] = 1
    size, origin = placed(mask)
    low, high = np.argwhere(mask).min(0)[::-1], np.argwhere(mask).max(0)[::-1]
    for axis in range(3):
        assert size[axis] % preprocess.MULTIPLE == 0 and origin[axis] % 1 == 0.5
        assert origin[axis] - 1 <= low[axis] - 0.5 and origin[axis] - 1 + 2 * size[axis] >= high[axis] + 0.5


def test_the_grid_stays_in_the_patient_when_the_image_is_padded():
    mask = sitk.GetImageFromArray(ball())
    mask.SetOrigin((-44.5, -51, -39.7))
    expected = preprocess.target_grid(mask)
    padded = preprocess.target_grid(sitk.ConstantPad(mask, [3, 0, 21], [5, 7, 0], 0))
    assert padded.GetSize() == expected.GetSize() and np.allclose(padded.GetOrigin(), expected.GetOrigin())
