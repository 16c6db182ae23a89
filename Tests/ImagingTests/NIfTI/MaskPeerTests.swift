import Foundation
import Imaging
import Testing

/// A mask opens wherever its image opens, at the same position, regardless of the forms in the image's header.
@Suite(.enabled(if: Peer.isInstalled, "no Python peers: run scripts/bootstrap"))
struct MaskPeerTests {
    private struct Answer: Decodable {
        /// Masks that SimpleITK or nibabel place differently from their image, with the reason.
        let misfits: [String]
        let opened: Int
    }

    private static let variants = ["noise", "qform", "sform", "codes", "zeros", "oblique", "left-handed"]

    @Test(arguments: variants) func masksLieWhereTheImageLies(_ variant: String) throws {
        try inTemporaryFolder { folder in
            let image = folder.appendingPathComponent("flair.nii")
            let source = folder.appendingPathComponent("source.nii.gz")
            try NIfTIFile.write(Phantom.image(try #require(Phantom.grids["straight"])), to: source)
            _ = try Peer.run(Self.rewriting, [source.path, image.path, variant])
            let out = folder.appendingPathComponent("out")
            _ = try SegmentationPipeline.bright.run([.flair: NIfTISource(image)], writingTo: out)
            let names = ["segmentation", "wt", "tc", "et", "probabilities", "flair/segmentation"]
            let masks = names.map { out.appendingPathComponent($0 + ".nii.gz").path }
            let answer = try JSONDecoder().decode(Answer.self, from: Peer.run(Self.comparing, [image.path] + masks))
            #expect(answer.misfits.isEmpty)
            #expect(answer.opened == 2 * masks.count)
        }
    }

    /// The same voxels with the header forms of `variant`.
    private static let rewriting = """
        import sys
        import nibabel as nib, numpy as np
        source, variant = nib.load(sys.argv[1]), sys.argv[3]
        place = source.affine.copy()
        if variant == "left-handed": place[:, 2] *= -1
        if variant == "oblique":
            c, s = np.cos(0.2), np.sin(0.2)
            place[:3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ place[:3]
        image = nib.Nifti1Image(np.asarray(source.dataobj, np.float32), place)
        q, s = {"qform": (1, 0), "sform": (0, 1), "codes": (4, 4)}.get(variant, (1, 1))
        image.set_qform(place, q); image.set_sform(place, s)
        if variant == "noise":
            image.header["srow_x"][:3] += [1e-4, -2e-4, 1e-4]
            image.header["srow_z"][:3] += [1e-4, 2e-4, -1e-4]
        if variant == "zeros":
            for row in ("srow_x", "srow_y", "srow_z"): image.header[row] = 0
        header = image.header
        header["vox_offset"], header["magic"] = 352, b"n+1"
        with open(sys.argv[2], "wb") as file:
            file.write(header.binaryblock + bytes(4))
            file.write(np.asarray(source.dataobj, header.get_data_dtype()).tobytes(order="F"))
        """

    private static let comparing = """
        import json, sys
        import nibabel as nib, numpy as np, SimpleITK as sitk
        misfits, opened = [], 0
        def itk(path):
            reader = sitk.ImageFileReader(); reader.SetFileName(path); reader.ReadImageInformation()
            size = reader.GetDimension()
            direction = np.array(reader.GetDirection()).reshape(size, size)[:3, :3]
            return np.concatenate([reader.GetOrigin()[:3], reader.GetSpacing()[:3], direction.ravel()])
        def header(path):
            affine = nib.load(path).affine
            # nibabel takes an sform of zeros at its word, which is no place at all.
            return affine if np.any(affine[:3, :3]) else nib.load(path).get_qform()
        for read in (itk, header):
            image = read(sys.argv[1])
            for path in sys.argv[2:]:
                try:
                    gap = float(abs(read(path) - image).max()); opened += 1
                    if gap > 1e-6: misfits.append(f"{path}: {gap}")
                except Exception as error: misfits.append(f"{path}: {error}")
        print(json.dumps({"misfits": misfits, "opened": opened}))
        """
}
