import Foundation
import Imaging

/// A synthetic skull-stripped head: an ellipsoid with a bright ball on the patient's right.
enum StudyPhantom {
    static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("models/mome")

    /// A file of Debian's `mricron-data`: `ch2`, Colin's head, or `ch2bet`, his brain.
    static func colin(_ name: String) -> URL {
        AtlasSource.debian.appendingPathComponent(name + ".nii.gz")
    }

    /// A copy of the committed package with one file changed; the caller removes it.
    static func packageCopy(changing file: String, _ change: (inout Data) throws -> Void) throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("package-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: package, to: folder)
        let path = folder.appendingPathComponent(file)
        var data = try Data(contentsOf: path)
        try change(&data)
        try data.write(to: path)
        return folder
    }

    static func study(_ sequences: [MRISequence] = MRISequence.allCases) throws -> Study {
        try Study(images: Dictionary(uniqueKeysWithValues: sequences.map { ($0, image($0)) }))
    }

    static func image(_ sequence: MRISequence) -> Image {
        let size = GridSize(i: 72, j: 88, k: 66)
        let origin = PatientPoint(x: -72, y: -88, z: -66)
        var image = Image(
            grid: VoxelGrid(size: size, affine: VoxelAffine(spacing: [2, 2, 2], origin: origin)), filledWith: 0)
        for k in 0..<size.k {
            for j in 0..<size.j {
                for i in 0..<size.i {
                    let point = image.grid.affine.point(i: Double(i), j: Double(j), k: Double(k))
                    image[k, j, i] = intensity(point, sequence) + texture(i, j, k, point)
                }
            }
        }
        return image
    }

    private static func isInside(_ point: PatientPoint) -> Bool {
        let x = point.x / 62
        let y = point.y / 78
        let z = point.z / 56
        return x * x + y * y + z * z < 1
    }

    private static func texture(_ i: Int, _ j: Int, _ k: Int, _ point: PatientPoint) -> Float {
        isInside(point) ? Float((i * 7 + j * 13 + k * 29) % 41) : 0
    }

    private static func intensity(_ point: PatientPoint, _ sequence: MRISequence) -> Float {
        guard isInside(point) else { return 0 }
        let distance = point.distance(to: PatientPoint(x: 28, y: 5, z: 10))
        let brain: Float = sequence == .t2 ? 450 : 500
        if distance < 12 { return sequence == .t1ce ? 1100 : sequence == .t1 ? 350 : 800 }
        if distance < 24 { return sequence == .flair ? 1000 : sequence == .t2 ? 850 : 450 }
        return brain
    }
}
