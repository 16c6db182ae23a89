import Foundation

extension NIfTIHeader {
    /// Checks that sform, qform and pixdim agree. Programs differ in which they use, so a contradictory header shows
    /// another side or size elsewhere.
    ///
    /// - Throws: `ImagingError(.invalidImage)` if they disagree beyond rounding (docs/decisions/0221).
    func checkAgreement() throws {
        guard hasSform else { return }
        let first = try affine(sform, of: "sform")
        if qformCode > 0 {
            let second = try affine(qform, of: "qform")
            try Self.refuse(FormDifference.subjects(first, second), between: "sform and qform")
        } else {
            let unit = try millimetresPerUnit
            let stated = pixelDimensions[1...3].map { abs($0) * unit }
            let found = (0..<3).map { first.step(axis: $0).distance(to: .origin) }
            try Self.refuse(FormDifference.sizeSubject(found, stated), between: "sform and pixdim")
        }
    }

    private static func refuse(_ subjects: [String], between forms: String) throws {
        guard !subjects.isEmpty else { return }
        throw ImagingError(
            .invalidImage,
            "The header contradicts itself: \(forms) disagree about \(subjects.listed). "
                + "Export the image again, or correct the part that is wrong.")
    }
}

/// A disagreement of two descriptions of one image, beyond rounding.
private enum FormDifference {
    /// The relative tolerance of voxel sizes: 0.898 and 0.90 mm are equal.
    private static let size = 0.005
    /// The tolerance in degrees between two axes: direction cosines rounded to two decimals.
    private static let angle = 0.5
    /// The tolerance between the first voxels' centres, in units of the smallest voxel size.
    private static let position = 0.5

    static func subjects(_ first: VoxelAffine, _ second: VoxelAffine) -> [String] {
        let pairs = (0..<3).map { (first.step(axis: $0), second.step(axis: $0)) }
        let lengths = pairs.map { ($0.0.distance(to: .origin), $0.1.distance(to: .origin)) }
        let leastCosine = cos(angle * .pi / 180)
        var subjects: [String] = []
        if pairs.contains(where: { $0.0.normalised.dot($0.1.normalised) < leastCosine }) {
            subjects.append("orientation")
        }
        let gap = first.point(i: 0, j: 0, k: 0).distance(to: second.point(i: 0, j: 0, k: 0))
        if gap > position * (lengths.map(\.0).min() ?? 0) { subjects.append("position") }
        return subjects + sizeSubject(lengths.map(\.0), lengths.map(\.1))
    }

    static func sizeSubject(_ first: [Double], _ second: [Double]) -> [String] {
        zip(first, second).contains { abs($0 / $1 - 1) > size } ? ["voxel size"] : []
    }
}
