import Foundation
import Imaging
import Testing

/// A brain's background may have any value; only the brain is used.
struct ForegroundTests {
    /// An ellipsoidal brain, 1.2 l, in voxels of 4 mm, with a margin.
    private static let grid = VoxelGrid(
        size: GridSize(i: 48, j: 56, k: 44),
        affine: VoxelAffine(spacing: [4, 4, 4], origin: PatientPoint(x: -96, y: -112, z: -88)))

    private static func radius(_ i: Int, _ j: Int, _ k: Int) -> Double {
        let point = grid.affine.point(i: Double(i), j: Double(j), k: Double(k))
        return (point.x * point.x / 4225 + point.y * point.y / 6400 + point.z * point.z / 3025).squareRoot()
    }

    /// Values by voxel: radius 1 is the brain's surface; `random` is a different number in 0..<1 for each voxel.
    private static func image(_ value: (_ radius: Double, _ random: Float) -> Float) -> Image {
        var image = Image(grid: grid, filledWith: 0)
        for k in 0..<grid.size.k {
            for j in 0..<grid.size.j {
                for i in 0..<grid.size.i {
                    let random = Float((i * 7919 + j * 104_729 + k * 1_299_709) % 1009) / 1009
                    image[k, j, i] = value(radius(i, j, k), random)
                }
            }
        }
        return image
    }

    private static func brain(_ random: Float) -> Float { (5 + 100 * random).rounded() }

    private static let stripped = image { $0 < 1 ? brain($1) : 0 }

    struct Around: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// The value of a voxel, given its value with 0 around the brain.
        let value: @Sendable (_ radius: Double, _ random: Float, _ plain: Float) -> Float
        /// The expected values equal those with a background of 0, up to this factor.
        var factor: Float?
    }

    static let backgrounds = [
        Around(testDescription: "0", value: { $2 }, factor: 1),
        Around(testDescription: "-1", value: { $0 < 1 ? $2 : -1 }),
        Around(testDescription: "-1024", value: { $0 < 1 ? $2 : -1024 }),
        Around(testDescription: "slope 2, intercept 100", value: { 2 * $2 + 100 }, factor: 2),
        Around(testDescription: "z-scores", value: { ($2 - 54) / 28.5 }),
        Around(testDescription: "brighter than the brain", value: { $0 < 1 ? $2 : 4000 }),
        Around(testDescription: "noise about 0", value: { $0 < 1 ? $2 : $1 - 0.5 }),
        Around(testDescription: "noise about 10", value: { $0 < 1 ? $2 + 10 : 9.5 + $1 }),
        Around(
            testDescription: "ripples",
            value: { radius, random, plain in
                radius < 1 ? plain : radius < 1.4 ? Float(1.4 - radius) * (random < 0.5 ? -4 : 2) : 0
            }),
    ]

    private static func changed(_ around: Around) -> Image {
        image { around.value($0, $1, $0 < 1 ? brain($1) : 0) }
    }

    @Test(arguments: backgrounds) func theBrainIsWhatDiffersFromItsBackground(_ around: Around) throws {
        let expected = Self.stripped.mask { $0 != 0 }
        let found = try SeparatedStudy(Study(images: [.t1: Self.changed(around)]))
        #expect(found.foreground.brainMask == .given)
        #expect(Agreement.dice(found.foreground.mask, expected) > 0.99)
        let image = try #require(found.study.images[.t1])
        for index in image.values.indices where found.foreground.mask.values[index] == 0 {
            guard image.values[index] == 0 else {
                Issue.record("\(image.values[index]) around the brain")
                break
            }
        }
        // The background is close to the brain's darkest voxels.
        let inside = image.values.indices.filter { found.foreground.mask.values[$0] != 0 }.map { image.values[$0] }
        let (low, high) = (try #require(inside.min()), try #require(inside.max()))
        #expect(abs(low) < 0.3 * (high - low))
        guard let factor = around.factor else { return }
        #expect(found.foreground.mask.values == expected.values)
        #expect(zip(image.values, Self.stripped.values).allSatisfy { $0 == factor * $1 })
    }

    @Test func aSeriesIsJudgedByItself() throws {
        let images: [MRISequence: Image] = [
            .t1: Self.stripped, .t1ce: Self.changed(Self.backgrounds[2]), .flair: Self.changed(Self.backgrounds[3]),
        ]
        let found = try SeparatedStudy(Study(images: images))
        #expect(found.foreground.brainMask == .given)
        #expect(found.foreground.mask.values == Self.stripped.mask { $0 != 0 }.values)
    }

    /// Shells that a tool added around a stripped brain with its own value.
    @Test(arguments: ["frame", "frames", "corners", "halves", "slab", "one series"]) func shellsOfOtherValuesAreNoBrain(
        _ kind: String
    ) throws {
        let size = Self.grid.size
        func laidAround(_ i: Int, _ j: Int, _ k: Int) -> Float? {
            let edge = min(i, j, k, size.i - 1 - i, size.j - 1 - j, size.k - 1 - k)
            switch kind {
            case "frames": return edge < 2 ? -1000 : edge < 4 ? 40 : nil
            case "corners": return i + j < 14 || i + j > 88 ? 40 : nil
            case "slab": return i < 3 ? 40 : nil
            case "halves": return i < size.i / 2 && Self.radius(i, j, k) >= 1 ? 40 : nil
            default: return edge < 3 ? 40 : nil
            }
        }
        var image = Self.stripped
        for k in 0..<size.k {
            for j in 0..<size.j { for i in 0..<size.i { image[k, j, i] = laidAround(i, j, k) ?? image[k, j, i] } }
        }
        let expected = try SeparatedStudy(Study(images: [.t1: Self.stripped]))
        let found = try SeparatedStudy(
            Study(images: kind == "one series" ? [.t1: Self.stripped, .t2: image] : [.t1: image]))
        #expect(found.foreground.brainMask == .given)
        #expect(Agreement.dice(found.foreground.mask, expected.foreground.mask) > 0.995)
    }

    /// Neither uniform nor faint noise: the brain network runs and keeps almost everything.
    @Test func aBrainInNoiseIsNoHead() throws {
        let noisy = try SeparatedStudy(Study(images: [.t1: Self.image { $0 < 1 ? 40 + Self.brain($1) : 30 * $1 }]))
        #expect(noisy.foreground.brainMask == BrainMask.none)
        let within = Self.image { radius, _ in radius < 0.95 ? 1 : -1 }
        let given = try #require(try noisy.foreground.given(by: Foreground(brain: within)))
        #expect(given.brainMask == .given)
        #expect(Agreement.dice(given.mask, Self.stripped.mask { $0 != 0 }) > 0.98)
        // A head is twice its brain, and one cropped by its volume may be smaller.
        let head = try SeparatedStudy(Study(images: [.t1: Self.image { $0 < 1.3 ? 300 + 100 * $1 : 12 * $1 }]))
        #expect(try head.foreground.given(by: Foreground(brain: within)) == nil)
        let whole = try SeparatedStudy(Study(images: [.t1: Self.image { 400 * Float($0) * ($1 + 1) }]))
        #expect(try whole.foreground.given(by: Foreground(brain: Self.image { _, _ in 1 })) == nil)
    }

    private static func head(air: @escaping (Float) -> Float) -> Image {
        image { radius, random in
            radius < 1 ? 300 + 100 * random : radius < 1.08 ? 20 : radius < 1.3 ? 400 + 50 * random : air(random)
        }
    }

    @Test func aHeadIsNoBrain() throws {
        for air in [{ 12 * $0 }, { _ in 0 }, { _ in -1024 }] as [(Float) -> Float] {
            let found = try SeparatedStudy(Study(images: [.t1: Self.head(air: air)]))
            #expect(found.foreground.brainMask == BrainMask.none)
        }
    }

    @Test(arguments: [150.25, 390.5]) func cornersOfOneValueAreAir(_ grey: Double) throws {
        let grey = Float(grey)
        let size = Self.grid.size
        func withCorners(_ value: Float) -> Image {
            var image = Self.head { 12 * $0 }
            for k in 0..<size.k {
                for j in 0..<size.j {
                    for i in 0..<size.i where i + j < 14 || i + j > 88 { image[k, j, i] = value }
                }
            }
            return image
        }
        let expected = try SeparatedStudy(Study(images: [.t1: withCorners(0)]))
        let found = try SeparatedStudy(Study(images: [.t1: withCorners(grey)]))
        #expect(found.foreground.brainMask == BrainMask.none)
        #expect(found.foreground.mask.values == expected.foreground.mask.values)
        let image = try #require(found.study.images[.t1])
        #expect(!image.values.contains(grey) && image[20, 0, 0] < 1)
        // A head without such corners is unchanged.
        let plain = Self.head { 12 * $0 }
        #expect(try SeparatedStudy(Study(images: [.t1: plain])).study.images[.t1]?.values == plain.values)
    }

    @Test(.enabled(if: Peer.isInstalled, "no Python peers: run scripts/bootstrap"))
    func trainingFindsTheSame() throws {
        try inTemporaryFolder { folder in
            let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent()
            for (number, around) in Self.backgrounds.enumerated() {
                try NIfTIFile.write(Self.changed(around), to: folder.appendingPathComponent("\(number).nii.gz"))
            }
            var corners = Self.head { 12 * $0 }
            for k in 0..<Self.grid.size.k { for j in 0..<14 { for i in 0..<14 - j { corners[k, j, i] = 150 } } }
            try NIfTIFile.write(corners, to: folder.appendingPathComponent("\(Self.backgrounds.count).nii.gz"))
            let answer = try Peer.run(
                Self.script,
                [root.appendingPathComponent("training").path, folder.path, "\(Self.backgrounds.count + 1)"])
            let theirs = try JSONDecoder().decode([Theirs].self, from: answer)
            for (number, their) in theirs.enumerated() {
                let image = try NIfTIFile.readImage(folder.appendingPathComponent("\(number).nii.gz"))
                let ours = try SeparatedStudy(Study(images: [.t1: image]))
                #expect((ours.foreground.brainMask == .given) == their.isBrain, "\(number)")
                #expect(ours.foreground.mask.values.reduce(0) { $0 + Int($1) } == their.voxels, "\(number)")
                let values = try #require(ours.study.images[.t1]).values
                #expect(abs(values.reduce(0.0) { $0 + Double($1) } - their.sum) < 1e-3 * abs(their.sum), "\(number)")
            }
        }
    }

    private struct Theirs: Decodable {
        let isBrain: Bool
        let voxels: Int
        let sum: Double
    }

    private static let script = """
        import json, sys
        sys.path.insert(0, sys.argv[1])
        import numpy as np, SimpleITK as sitk
        from background import separated
        from preprocess import read_ras
        out = []
        for number in range(int(sys.argv[3])):
            image = read_ras(f"{sys.argv[2]}/{number}.nii.gz")
            images, mask, is_brain = separated({"t1": image}, image)
            out.append({"isBrain": bool(is_brain), "voxels": int(sitk.GetArrayFromImage(mask).astype(int).sum()),
                        "sum": float(sitk.GetArrayFromImage(images["t1"]).astype(np.float64).sum())})
        print(json.dumps(out))
        """
}
