import Foundation
import Imaging
import Testing

/// nibabel and SimpleITK read the written files with equal position and volume.
@Suite(.enabled(if: Peer.isInstalled, "no Python peers: run scripts/bootstrap"))
struct PeerTests {
    @Test(arguments: Phantom.grids.keys.sorted()) func masksLieWhereThePeersSeeThem(_ name: String) throws {
        try inTemporaryFolder { folder in
            let grid = try #require(Phantom.grids[name])
            let image = folder.appendingPathComponent("flair.nii.gz")
            try NIfTIFile.write(Phantom.image(grid), to: image)
            let study = try SegmentationPipeline.bright.run(
                [.flair: NIfTISource(image)], writingTo: folder.appendingPathComponent("out"))
            let found = try Peer.measure(
                image: image, mask: folder.appendingPathComponent("out/flair/segmentation.nii.gz"))
            let volume = try #require(study.result.volumes[.wholeTumour])
            let centre = try #require(study.result.lesions.first?.centre)
            for peer in [found.nibabel, found.simpleITK] {
                #expect(abs(peer.volume - volume) / volume < 0.001)
                #expect(zip(peer.centre, centre.components).allSatisfy { abs($0 - $1) < 0.01 })
                #expect(peer.centre[0] < 0, "left is not left any more")
            }
            #expect(found.sameGrid)
            #expect(found.overlap == 1)
        }
    }
}

/// The Python peers from `scripts/bootstrap`.
enum Peer {
    struct Measure: Decodable {
        /// mm³
        let volume: Double
        /// RAS mm
        let centre: [Double]
    }
    struct Answer: Decodable {
        let nibabel: Measure
        let simpleITK: Measure
        let sameGrid: Bool
        /// The share of the mask's voxels that are bright in the image.
        let overlap: Double
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let python = root.appendingPathComponent(".deps/venv/bin/python")
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: python.path) }

    static func measure(image: URL, mask: URL) throws -> Answer {
        try JSONDecoder().decode(Answer.self, from: run(script, [image.path, mask.path]))
    }

    /// The output of `script`.
    static func run(_ script: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        let output = Pipe()
        process.executableURL = python
        process.arguments = ["-c", script] + arguments
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return data
    }

    private static let script = """
        import json, sys
        import nibabel, numpy as np, SimpleITK as sitk
        image, mask = nibabel.load(sys.argv[1]), nibabel.load(sys.argv[2])
        labels, values = np.asarray(mask.dataobj) > 0, np.asarray(image.dataobj)
        places = np.argwhere(labels)
        ours = {"volume": len(places) * float(abs(np.linalg.det(mask.affine[:3, :3]))),
                "centre": (mask.affine @ [*places.mean(0), 1])[:3].tolist()}
        itk = sitk.ReadImage(sys.argv[2])
        inside = np.argwhere(sitk.GetArrayViewFromImage(itk) > 0)[:, ::-1]
        lps = itk.TransformContinuousIndexToPhysicalPoint(inside.mean(0).tolist())
        theirs = {"volume": len(inside) * float(np.prod(itk.GetSpacing())), "centre": [-lps[0], -lps[1], lps[2]]}
        print(json.dumps({"nibabel": ours, "simpleITK": theirs, "overlap": float((values[labels] > 600).mean()),
                          "sameGrid": image.shape == mask.shape and bool(np.allclose(image.affine, mask.affine, atol=1e-4))}))
        """
}
