"""Writes a study as a hospital's export: ten series of a phantom, files in random order under names that say nothing.

`hospital.py STYLE FOLDER` prints what is true of it as JSON; `hospital.py --nifti FILE ROLE FOLDER` writes one series from a NIfTI file.
"""
import hashlib
import copy
import json
import pathlib
import random
import struct
import sys

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless, generate_uid)

MR = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
PLANES = {
    "axial": ((1, 0, 0), (0, 1, 0)), "sagittal": ((0, 1, 0), (0, 0, -1)), "coronal": ((1, 0, 0), (0, 0, -1)),
    "oblique": ((1, 0, 0), (0, np.cos(0.2), np.sin(0.2))),
}
LEVELS = {"t1": (500, 350), "t1ce": (520, 900), "t2": (450, 800), "flair": (480, 950), "other": (300, 400)}

# Descriptions as technicians write them.
STYLES = {
    "siemens": {
        "manufacturer": "SIEMENS", "syntax": ExplicitVRLittleEndian, "agent": None,
        "t1": "t1_se_tra nativ", "t1ce": "t1_mprage_sag_p2_iso_KM", "t2": "t2_tse_tra_512", "flair": "t2_tirm_tra_dark-fluid",
        "localizer": "localizer", "dwi": "ep2d_diff_3scan_trace_p2", "adc": "ep2d_diff_3scan_trace_p2_ADC", "mpr": "t1_mprage KM MPR tra",
        "swi": "SWI_Images", "cor": "t2_tse_cor_hippocampus"},
    "ge": {
        "manufacturer": "GE MEDICAL SYSTEMS", "syntax": ExplicitVRBigEndian, "agent": "GADAVIST",
        "t1": "Ax T1 FSE", "t1ce": "Ax T1 FSE +C", "t2": "Ax T2 PROPELLER", "flair": "Ax T2 FLAIR",
        "localizer": "3-Plane Loc", "dwi": "Ax DWI b1000", "adc": "Apparent Diffusion Coefficient (mm2/s)", "mpr": "Reformat T1 +C",
        "swi": "Ax SWAN", "cor": "Cor T2 FSE thin"},
    "philips": {
        "manufacturer": "Philips Medical Systems", "syntax": ImplicitVRLittleEndian, "agent": "DOTAREM",
        "t1": "T1W_TSE sans injection", "t1ce": "sT1W_3D_TFE GADO", "t2": "T2W_TSE", "flair": "FLAIR_longTR",
        "localizer": "SURVEY", "dwi": "DWI_SSh", "adc": "dADC", "mpr": "T1 3D gado MPR", "swi": "VEN_BOLD", "cor": "T2 COR TSE"},
    "canon": {
        "manufacturer": "CANON_MEC", "syntax": RLELossless, "agent": None,
        "t1": "AX T1 SIN CONTRASTE", "t1ce": "AX T1 CON CONTRASTE", "t2": "AX T2", "flair": "AX FLAIR",
        "localizer": "Localizador", "dwi": "AX DIFUSION DWI", "adc": "ADC", "mpr": "T1 CONTRASTE MPR COR", "swi": "AX T2* GRE", "cor": "COR T2"},
    "united": {
        "manufacturer": "UIH", "syntax": ExplicitVRLittleEndian, "agent": None,
        "t1": "t1_fse_tra 平扫", "t1ce": "t1_gre_fsp_3d_sag 增强", "t2": "t2_fse_tra", "flair": "t2_fse_flair_tra",
        "localizer": "scout 定位", "dwi": "epi_dwi_tra 弥散", "adc": "epi_dwi_tra_ADC", "mpr": "t1 增强 MPR", "swi": "swi_tra", "cor": "t2_fse_cor"},
    "enhanced": {
        "manufacturer": "Philips", "syntax": ExplicitVRLittleEndian, "agent": None, "is_enhanced": True,
        "t1": "T1 TSE pre", "t1ce": "T1 3D post Gd", "t2": "T2 TSE ax", "flair": "3D FLAIR",
        "localizer": "survey", "dwi": "DWI", "adc": "ADC map", "mpr": "post Gd T1 MPR", "swi": "SWIp", "cor": "T2 cor"},
    # Nothing says which T1 was acquired after contrast agent.
    "plain": {
        "manufacturer": "HITACHI", "syntax": ExplicitVRLittleEndian, "agent": None, "has_equal_t1": True,
        "t1": "AX T1", "t1ce": "AX T1", "t2": "AX T2", "flair": "AX FLAIR",
        "localizer": "Scout", "dwi": "DWI", "adc": "ADC", "mpr": "AX T1 MPR", "swi": "T2*", "cor": "COR T2"},
}
# role, plane, shape (rows, columns, slices), spacing (row, column, slice), times, image type
SERIES = [
    ("localizer", None, (32, 32, 3), (8, 8, 8), (8, 3, None), "ORIGINAL\\PRIMARY\\LOCALIZER"),
    ("t2", "axial", (48, 40, 24), (4.5, 4.5, 6.0), (4500, 100, None), "ORIGINAL\\PRIMARY\\M"),
    ("flair", "oblique", (48, 40, 24), (4.5, 4.5, 6.0), (9000, 125, 2500), "ORIGINAL\\PRIMARY\\M"),
    ("dwi", "axial", (32, 32, 20), (7, 7, 6.5), (5000, 80, None), "ORIGINAL\\PRIMARY\\DIFFUSION"),
    ("adc", "axial", (32, 32, 20), (7, 7, 6.5), (5000, 80, None), "DERIVED\\PRIMARY\\ADC"),
    ("swi", "axial", (32, 32, 24), (7, 7, 6), (28, 20, None), "ORIGINAL\\PRIMARY\\M"),
    ("t1", "axial", (48, 40, 24), (4.5, 4.5, 6.0), (550, 10, None), "ORIGINAL\\PRIMARY\\M"),
    ("cor", "coronal", (48, 40, 10), (4, 4, 3), (4500, 100, None), "ORIGINAL\\PRIMARY\\M"),
    ("t1ce", "sagittal", (56, 60, 44), (3.5, 3.5, 3.5), (600, 9, None), "ORIGINAL\\PRIMARY\\M"),
    ("mpr", "coronal", (56, 44, 60), (3.5, 3.5, 3.5), (600, 9, None), "DERIVED\\SECONDARY\\MPR"),
]


class Geometry:
    def __init__(self, plane, shape, spacing, centre=(0, 0, 0)):
        self.row, self.column = (np.array(direction, float) for direction in PLANES[plane])
        self.normal = np.cross(self.row, self.column)
        self.rows, self.columns, self.slices = shape
        self.spacing = spacing
        self.origin = (np.array(centre, float) - self.row * spacing[1] * (self.columns - 1) / 2
                       - self.column * spacing[0] * (self.rows - 1) / 2 - self.normal * spacing[2] * (self.slices - 1) / 2)

    def position(self, k):
        return self.origin + k * self.spacing[2] * self.normal

    def points(self):
        k, j, i = np.meshgrid(np.arange(self.slices), np.arange(self.rows), np.arange(self.columns), indexing="ij")
        return (self.origin + i[..., None] * self.row * self.spacing[1] + j[..., None] * self.column * self.spacing[0]
                + k[..., None] * self.normal * self.spacing[2])

    def affine(self):
        steps = [self.row * self.spacing[1], self.column * self.spacing[0], self.normal * self.spacing[2], self.origin]
        return [float(step[axis]) for axis in range(3) for step in steps]


def phantom(points, role):
    brain, tumour = LEVELS.get(role if role != "mpr" else "t1ce", LEVELS["other"])
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    inside = x ** 2 / 4900 + y ** 2 / 7225 + z ** 2 / 3600 < 1
    lesion = (x - 30) ** 2 + y ** 2 + (z - 10) ** 2 < 324
    texture = np.abs(7 * x + 13 * y + 29 * z).astype(int) % 41
    return np.where(inside, np.where(lesion, tumour, brain) + texture, 0).astype(np.int16)


def decimal(value):
    return float(f"{value:.10g}"[:16])


def base(style, study, uid, number, role, times, image_type, sop_class):
    data = Dataset()
    data.SpecificCharacterSet = "ISO_IR 192"
    data.SOPClassUID = sop_class
    data.StudyInstanceUID, data.SeriesInstanceUID = study, uid
    data.FrameOfReferenceUID = study + ".1"
    data.PatientName, data.PatientID, data.PatientBirthDate, data.PatientSex = "Phantom^Head", "PHANTOM", "", ""
    data.Modality, data.Manufacturer = "MR", style["manufacturer"]
    data.StudyDate, data.StudyTime, data.AccessionNumber, data.StudyID = "20260101", "120000", "", "1"
    data.ReferringPhysicianName = ""
    data.SeriesNumber, data.SeriesDescription = number, style[role]
    data.AcquisitionTime = f"12{number:02d}00.000000"
    data.ImageType = image_type.split("\\")
    if style["agent"] and role in ("t1ce", "mpr"):
        data.ContrastBolusAgent = style["agent"]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    return data


def times_of(data, role, times):
    repetition, echo, inversion = times
    data.ScanningSequence = ["EP"] if role in ("dwi", "adc") else ["GR"] if role in ("swi", "localizer") else ["SE"]
    data.SequenceVariant, data.ScanOptions, data.MRAcquisitionType = "NONE", "", "2D"
    data.RepetitionTime, data.EchoTime, data.EchoTrainLength = repetition, echo, 1
    if inversion:
        data.ScanningSequence = ["SE", "IR"]
        data.InversionTime = inversion


class Writer:
    """Writes instances under random names and in random order."""

    def __init__(self, folder, syntax):
        self.folder, self.syntax = pathlib.Path(folder), syntax
        self.instances = []

    def add(self, data, pixels, uid=None):
        data.SOPInstanceUID = uid or generate_uid()
        data.Rows, data.Columns = pixels.shape[-2:]
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = data.SOPClassUID, data.SOPInstanceUID
        is_rle = self.syntax == RLELossless
        meta.TransferSyntaxUID = ExplicitVRLittleEndian if is_rle else self.syntax
        is_little = self.syntax != ExplicitVRBigEndian
        stored = pixels.astype("<i2" if is_little else ">i2")
        data.PixelData = stored.tobytes()
        data["PixelData"].VR = "OW"
        file = FileDataset("", data, bytes(128), meta, self.syntax == ImplicitVRLittleEndian, is_little)
        if is_rle:
            file.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
        self.instances.append(file)

    def write(self):
        random.shuffle(self.instances)
        for instance in self.instances:
            name = hashlib.md5(instance.SOPInstanceUID.encode()).hexdigest().upper()
            target = self.folder / f"DIR{name[0]}" / f"IM{name[:10]}"
            target.parent.mkdir(parents=True, exist_ok=True)
            instance.save_as(target, enforce_file_format=True)


def single_frames(writer, style, data, role, times, geometry, values, stored):
    for k in range(geometry.slices):
        image = copy.deepcopy(data)
        times_of(image, role, times)
        image.SliceThickness, image.SpacingBetweenSlices = geometry.spacing[2], geometry.spacing[2]
        image.PixelSpacing = [geometry.spacing[0], geometry.spacing[1]]
        image.ImageOrientationPatient = [decimal(value) for value in [*geometry.row, *geometry.column]]
        image.ImagePositionPatient = [decimal(value) for value in geometry.position(k)]
        # Acquired from the other end.
        image.InstanceNumber = geometry.slices - k
        if style["manufacturer"].startswith("Philips"):
            image.RescaleSlope, image.RescaleIntercept = 2.5, -10
            image.add_new(0x20050010, "LO", "Philips MR Imaging DD 001")
            image.add_new(0x2005100E, "FL", 0.5)
        writer.add(image, stored[k])


def enhanced(writer, data, role, times, geometry, stored):
    order = list(range(geometry.slices))
    random.shuffle(order)
    repetition, echo, inversion = times
    data.SOPClassUID = ENHANCED_MR
    data.NumberOfFrames = geometry.slices
    data.InstanceNumber = 1
    shared = Dataset()
    measures = Dataset()
    measures.PixelSpacing, measures.SliceThickness = [geometry.spacing[0], geometry.spacing[1]], geometry.spacing[2]
    timing = Dataset()
    timing.RepetitionTime, timing.FlipAngle = repetition, 90
    echoes = Dataset()
    echoes.EffectiveEchoTime = float(echo)
    orientation = Dataset()
    orientation.ImageOrientationPatient = [decimal(value) for value in [*geometry.row, *geometry.column]]
    kind = Dataset()
    kind.FrameType = data.ImageType
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.MRTimingAndRelatedParametersSequence = Sequence([timing])
    shared.MREchoSequence = Sequence([echoes])
    shared.PlaneOrientationSequence = Sequence([orientation])
    shared.MRImageFrameTypeSequence = Sequence([kind])
    if inversion:
        modifier = Dataset()
        modifier.InversionRecovery, modifier.InversionTimes = "YES", [float(inversion)]
        shared.MRModifierSequence = Sequence([modifier])
    if role == "dwi":
        diffusion = Dataset()
        diffusion.DiffusionBValue = 1000.0
        shared.MRDiffusionSequence = Sequence([diffusion])
    data.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for place, k in enumerate(order):
        frame, position, content, transformation = Dataset(), Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = [decimal(value) for value in geometry.position(k)]
        content.StackID, content.InStackPositionNumber, content.DimensionIndexValues = "1", k + 1, [1, k + 1]
        transformation.RescaleSlope, transformation.RescaleIntercept, transformation.RescaleType = 2, 5, "US"
        frame.PlanePositionSequence, frame.FrameContentSequence = Sequence([position]), Sequence([content])
        frame.PixelValueTransformationSequence = Sequence([transformation])
        frames.append(frame)
    data.PerFrameFunctionalGroupsSequence = Sequence(frames)
    writer.add(data, stored[order])


def scaled(style, stored):
    """Values as the reader must give them."""
    values = stored.astype(np.float64)
    if style.get("is_enhanced"):
        return values * 2 + 5
    if style["manufacturer"].startswith("Philips"):
        return (values * 2.5 - 10) / (2.5 * 0.5)
    return values


def localizer(writer, style, data, role, times):
    for place, plane in enumerate(("axial", "sagittal", "coronal")):
        geometry = Geometry(plane, (32, 32, 1), (8, 8, 8))
        single_frames(writer, style | {"manufacturer": "x"}, copy.deepcopy(data), role, times, geometry, None, phantom(geometry.points(), "other"))


def study(style_name, folder):
    random.seed(style_name)
    style = STYLES[style_name]
    study_uid = generate_uid()[:56].rstrip(".")
    writer = Writer(folder, style["syntax"])
    truth = {"chosen": {}, "others": {}, "volumes": {}}
    for number, (role, plane, shape, spacing, times, image_type) in enumerate(SERIES, 1):
        uid = f"{study_uid}.{number}"
        if role == "t1ce" and style.get("has_equal_t1"):
            plane, shape, spacing, times = next(series[1:5] for series in SERIES if series[0] == "t1")
        data = base(style, study_uid, uid, number, role, times, image_type, MR)
        (truth["chosen"] if role in ("t1", "t1ce", "t2", "flair") else truth["others"])[role] = uid
        if plane is None:
            localizer(writer, style, data, role, times)
            continue
        geometry = Geometry(plane, shape, spacing, centre=(1.5, -2.25, 3))
        stored = phantom(geometry.points(), role)
        if style.get("is_enhanced"):
            enhanced(writer, data, role, times, geometry, stored)
        else:
            single_frames(writer, style, data, role, times, geometry, None, stored)
        values = scaled(style, stored).astype("<f4")
        truth["volumes"][uid] = {
            "affine": geometry.affine(), "shape": list(stored.shape), "digest": hashlib.sha256(values.tobytes()).hexdigest()}
    writer.write()
    (pathlib.Path(folder) / "README.TXT").write_text("Burned by a workstation.")
    print(json.dumps(truth))


def from_nifti(path, role, folder):
    """A float32 NIfTI-1 file with an sform and whole numbers, as one axial series."""
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack_from("<3h", data, 42)
    affine = np.array(struct.unpack_from("<12f", data, 280)).reshape(3, 4)
    values = np.frombuffer(data, "<f4", size[0] * size[1] * size[2], 352).reshape(size[::-1])
    affine[:2] *= -1
    spacing = np.linalg.norm(affine[:, :3], axis=0)
    style = STYLES["siemens"]
    # Series written one by one are of one study.
    uid, number = "1.2.826.0.1.3680043.8.498.1", [series[0] for series in SERIES].index(role) + 1
    header = base(style, uid, f"{uid}.{number}", number, role, None, "ORIGINAL\\PRIMARY\\M", MR)
    geometry = Geometry("axial", size[::-1][1:] + (size[2],), (spacing[1], spacing[0], spacing[2]))
    geometry.row, geometry.column, geometry.normal = (affine[:, axis] / spacing[axis] for axis in range(3))
    geometry.origin = affine[:, 3]
    geometry.rows, geometry.columns, geometry.slices = size[1], size[0], size[2]
    writer = Writer(folder, ExplicitVRLittleEndian)
    chosen = next(series for series in SERIES if series[0] == role)
    single_frames(writer, style, header, role, chosen[4], geometry, None, values.astype(np.int16))
    writer.write()


if __name__ == "__main__":
    if sys.argv[1] == "--nifti":
        from_nifti(*sys.argv[2:])
    else:
        study(sys.argv[1], sys.argv[2])
