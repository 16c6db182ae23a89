import Foundation
import Imaging
import Testing

struct AgreementTests {
    /// An ellipsoid with its centre and half axes in mm.
    static func ellipsoid(_ grid: VoxelGrid, at middle: PatientPoint, half: [Double]) -> LabelMap {
        var map = LabelMap(grid: grid, filledWith: 0)
        for k in 0..<grid.size.k {
            for j in 0..<grid.size.j {
                for i in 0..<grid.size.i {
                    let away = (grid.affine.point(i: Double(i), j: Double(j), k: Double(k)) - middle).components
                    let sum = zip(away, half).reduce(0) { $0 + ($1.0 / $1.1) * ($1.0 / $1.1) }
                    if sum <= 1 { map[k, j, i] = 1 }
                }
            }
        }
        return map
    }

    private static let grid = Phantom.grid(GridSize(i: 40, j: 40, k: 40), axes: [1, 0, 0, 0, 1, 0, 0, 0, 2])
    private static let ball = ellipsoid(grid, at: PatientPoint(x: 0, y: 0, z: 0), half: [10, 10, 10])
    private static let empty = LabelMap(grid: grid, filledWith: 0)

    @Test func equalMasksAreNoDistanceApart() throws {
        #expect(try Agreement.hausdorff95(Self.ball, Self.ball) == 0)
        #expect(try Agreement.hausdorff95(Self.empty, Self.empty) == 0)
        #expect(try Agreement.hausdorff95(Self.ball, Self.empty) == nil)
        #expect(try Agreement.hausdorff95(Self.empty, Self.ball) == nil)
        let full = LabelMap(grid: Self.grid, filledWith: 1)
        #expect(try Agreement.hausdorff95(full, full) == 0)
    }

    @Test func aPointsDistanceIsInMillimetres() throws {
        var first = Self.empty
        var second = Self.empty
        first[10, 20, 20] = 1
        second[15, 23, 24] = 1
        let distance = try #require(try Agreement.hausdorff95(first, second))
        #expect(abs(distance - (16.0 + 9 + 100).squareRoot()) < 1e-4)
    }

    @Test func regionsFollowTheConvention() throws {
        var ours = LabelMap(grid: Self.grid, filledWith: 0)
        var theirs = ours
        for i in 5..<15 {
            ours[20, 20, i] = i < 10 ? 3 : 2
            theirs[20, 20, i] = i < 10 ? 4 : 2
        }
        let found = try RegionAgreement.byRegion(ours, expert: theirs, convention: .brats)
        #expect(found[.enhancingTumour] == RegionAgreement(dice: 1, hd95: 0))
        #expect(found[.wholeTumour] == RegionAgreement(dice: 1, hd95: 0))
        #expect(throws: ImagingError.self) {
            try RegionAgreement.byRegion(ours, expert: theirs, convention: .brats2023)
        }
        let cavity = try RegionAgreement.byRegion(ours, expert: theirs, convention: .brats2024)
        #expect(cavity[.enhancingTumour] == RegionAgreement(dice: 0, hd95: nil))
        let turned = theirs.reoriented(to: Orientation(of: VoxelAffine(rows: [-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0])))
        #expect(try RegionAgreement.byRegion(ours, expert: turned, convention: .brats) == found)
        let other = LabelMap(
            grid: Phantom.grid(GridSize(i: 40, j: 40, k: 39), axes: [1, 0, 0, 0, 1, 0, 0, 0, 2]), filledWith: 0)
        #expect(throws: ImagingError.self) { try RegionAgreement.byRegion(ours, expert: other, convention: .brats) }
    }

    @Test(
        arguments: [
            ([], .brats2023), ([1, 2], .brats2023), ([1, 2, 3], .brats2023), ([3], .brats2023), ([1, 2, 4], .brats),
            ([0, 2, 4], .brats),
        ] as [(Set<UInt8>, LabelConvention)])
    func labelsTellTheirConvention(_ labels: Set<UInt8>, _ convention: LabelConvention) throws {
        #expect(try LabelConvention.detected(in: labels) == convention)
    }

    @Test func everyConventionHasItsTable() {
        let table: [LabelConvention: [Set<UInt8>]] = [
            .brats: [[1, 2, 4], [1, 4], [4], [1, 2, 4]], .brats2015: [[1, 2, 3, 4], [1, 3, 4], [4], [1, 2, 3, 4]],
            .brats2023: [[1, 2, 3], [1, 3], [3], [1, 2, 3]], .brats2024: [[1, 2, 3], [1, 3], [3], [1, 2, 3, 4]],
            .bratsMets: [[1, 2, 3], [1, 3], [3], [1, 2, 3, 4]],
        ]
        for convention in LabelConvention.allCases {
            let regions = [TumourRegion.wholeTumour, .tumourCore, .enhancingTumour].map(convention.labels(of:))
            #expect(regions + [convention.known] == table[convention])
        }
        #expect(LabelConvention(rawValue: "brats-mets") == .bratsMets)
    }

    @Test(arguments: [[1], [0, 1], [3, 4], [1, 2, 3, 4], [5], [1, 255]] as [Set<UInt8>])
    func whatLabelsDoNotTellIsRefused(_ labels: Set<UInt8>) {
        #expect(throws: ImagingError.self) { try LabelConvention.detected(in: labels) }
    }
}

/// scipy computes the same distances, by MONAI's definition.
@Suite(.enabled(if: Peer.isInstalled, "no Python peers: run scripts/bootstrap"))
struct AgreementPeerTests {
    private struct Answer: Decodable {
        let dice: Double
        let hd95: Double
    }

    @Test(arguments: ["anisotropic", "oblique", "permuted"]) func scipyAgrees(_ name: String) throws {
        let grid = try #require(Phantom.grids[name])
        let first = AgreementTests.ellipsoid(grid, at: PatientPoint(x: -20, y: 10, z: 5), half: [18, 14, 11])
        var second = AgreementTests.ellipsoid(grid, at: PatientPoint(x: -16, y: 7, z: 9), half: [13, 17, 12])
        // A second lesion in only one of them, and one cut off by the edge of the image.
        for mask in [AgreementTests.ellipsoid(grid, at: PatientPoint(x: 25, y: -20, z: 0), half: [5, 5, 7])] {
            for index in mask.values.indices where mask.values[index] != 0 { second.values[index] = 1 }
        }
        try inTemporaryFolder { folder in
            let files = [folder.appendingPathComponent("a.nii.gz"), folder.appendingPathComponent("b.nii.gz")]
            try NIfTIFile.write(first, to: files[0])
            try NIfTIFile.write(second, to: files[1])
            let data = try Peer.run(Self.script, files.map(\.path))
            let peer = try JSONDecoder().decode(Answer.self, from: data)
            #expect(abs(Agreement.dice(first, second) - peer.dice) < 1e-9)
            let ours = try #require(try Agreement.hausdorff95(first, second))
            #expect(abs(ours - peer.hd95) < 1e-3 && peer.hd95 > 1)
        }
    }

    private static let script = """
        import json, sys
        import nibabel, numpy as np
        from scipy import ndimage
        images = [nibabel.load(name) for name in sys.argv[1:3]]
        a, b = [np.asarray(image.dataobj) > 0 for image in images]
        spacing = np.linalg.norm(images[0].affine[:3, :3], axis=0)
        edges = [mask ^ ndimage.binary_erosion(mask) for mask in (a, b)]
        def directed(one, other):
            return np.percentile(ndimage.distance_transform_edt(~other, sampling=spacing)[one], 95)
        print(json.dumps({"dice": 2 * float((a & b).sum()) / float(a.sum() + b.sum()),
                          "hd95": float(max(directed(*edges), directed(*edges[::-1])))}))
        """
}
