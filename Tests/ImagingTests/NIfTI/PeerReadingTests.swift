import Foundation
import Imaging
import Testing

/// Files from nibabel and SimpleITK are read with the same affine and the same values.
@Suite(.enabled(if: Peer.isInstalled, "no Python peers: run scripts/bootstrap"))
struct PeerReadingTests {
    private struct Written: Decodable {
        let file: String
        /// RAS mm, 3 × 4, row-major, according to the peer that wrote the file.
        let affine: [Double]
        /// i fastest, scaling applied.
        let values: [Float]
    }

    @Test func affineAndValuesAreThePeers() throws {
        try inTemporaryFolder { folder in
            let answer = try Peer.run(Self.script, [folder.path])
            let files = try JSONDecoder().decode([Written].self, from: answer)
            #expect(files.count == 26)
            for written in files {
                let file = folder.appendingPathComponent(written.file)
                let image = try NIfTIFile.readImage(file, limits: .anyVolume)
                #expect(
                    zip(image.grid.affine.rows, written.affine).allSatisfy { abs($0 - $1) < 1e-4 },
                    "\(written.file): \(image.grid.affine.rows) is not \(written.affine)")
                #expect(image.grid.size == GridSize(i: 7, j: 5, k: 6))
                #expect(image.values.count == written.values.count)
                #expect(
                    zip(image.values, written.values).allSatisfy { abs($0 - $1) <= 1e-5 * max(1, abs($1)) },
                    "\(written.file): other values")
            }
        }
    }

    /// Straight, left-handed, permuted and oblique affines; only qform, only sform and both; NIfTI-1 and 2, both byte
    /// orders, scaled integers; and SimpleITK's default output.
    private static let script = """
        import json, sys
        import nibabel as nib, numpy as np, SimpleITK as sitk
        folder, out = sys.argv[1] + "/", []
        cells = np.arange(7 * 5 * 6, dtype=np.int16).reshape(7, 5, 6) * 3 - 50
        def rotation(degrees, axis):
            c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
            turn = np.eye(3); a, b = [n for n in range(3) if n != axis]
            turn[a, a] = turn[b, b] = c; turn[a, b] = -s; turn[b, a] = s
            return turn
        turns = {"straight": np.eye(3), "left": np.diag([-1, 1, 1]), "permuted": np.array([[0, 0, 1], [1, 0, 0], [0, -1, 0]]),
                 "oblique": rotation(25, 2) @ rotation(-14, 0) @ rotation(170, 1)}
        for name, turn in turns.items():
            affine = np.eye(4); affine[:3, :3] = turn @ np.diag([1, 1, 5]); affine[:3, 3] = [-31.5, 12.25, 40]
            for kind, forms, maker, order in [("q", (1, 0), nib.Nifti1Image, "<"), ("s", (0, 1), nib.Nifti1Image, ">"),
                                              ("qs", (1, 4), nib.Nifti2Image, ">"), ("q2", (3, 0), nib.Nifti2Image, "<")]:
                header = maker.header_class(endianness=order)
                header.set_data_dtype(np.dtype(np.int16).newbyteorder(order))
                image = maker(cells, affine, header)
                image.set_qform(affine, forms[0]); image.set_sform(affine, forms[1])
                image.header.set_slope_inter(0.25, -3)
                path = f"{name}-{kind}.nii" + (".gz" if kind != "s" else "")
                nib.save(image, folder + path)
                back = nib.load(folder + path)
                out.append((path, back.affine, np.asarray(back.dataobj).ravel(order="F")))
            lps = np.diag([-1.0, -1, 1])
            for pixel in (np.float64, np.uint8):
                image = sitk.GetImageFromArray(np.abs(cells.transpose(2, 1, 0) % 200).astype(pixel))
                image.SetSpacing((1, 1, 5)); image.SetOrigin((lps @ affine[:3, 3]).tolist())
                image.SetDirection((lps @ turn).ravel().tolist())
                path = f"{name}-{pixel.__name__}.nii.gz"
                sitk.WriteImage(image, folder + path)
                image = sitk.ReadImage(folder + path)
                place = np.eye(4)
                direction = np.array(image.GetDirection()).reshape(3, 3)
                place[:3, :3] = lps @ direction @ np.diag(image.GetSpacing())
                place[:3, 3] = lps @ np.array(image.GetOrigin())
                out.append((path, place, sitk.GetArrayFromImage(image).ravel()))
        turned = np.eye(4); turned[:3, :3] = turns["oblique"] @ np.diag([1, 1, 5])
        mixed = nib.Nifti1Image(cells, np.eye(4)); mixed.set_qform(np.eye(4), 1); mixed.set_sform(turned, 2)
        nib.save(mixed, folder + "mixed.nii"); out.append(("mixed.nii", nib.load(folder + "mixed.nii").affine, cells.ravel(order="F")))
        short = nib.Nifti1Image(cells.astype(np.float32), turned); nib.save(short, folder + "short.nii.gz")
        out.append(("short.nii.gz", nib.load(folder + "short.nii.gz").affine, cells.ravel(order="F")))
        print(json.dumps([{"file": f, "affine": np.asarray(a)[:3].ravel().tolist(), "values": np.asarray(v, float).tolist()}
                          for f, a, v in out]))
        """
}
