/// Slices in order along their normal, with the grid that they form (PS3.3 §C.7.6.2.1).
struct SliceStack {
    let frames: [ImageFrame]
    let grid: LPSGrid
    let warnings: [String]

    /// A slice's distance along the normal.
    private struct Slice {
        let frame: ImageFrame
        let position: LPSVector
        let distance: Double
    }

    /// Distances below are equal positions; scanners round to a hundredth of a millimetre.
    private static let samePlace = 0.01
    /// Spacing that deviates by more than this share is reported, or refused.
    private static let reportedDeviation = 0.01
    private static let refusedDeviation = 0.1
    /// Degrees between the normal and the direction from slice to slice that count as a tilted gantry.
    private static let tilt = 0.5

    /// - Parameter given: slices of one size, spacing and orientation.
    init(_ given: [ImageFrame]) throws(DicomError) {
        guard let first = given.first, given.count > 1 else {
            throw DicomError(.noVolume, "A single image does not form a volume.")
        }
        guard let row = first.rowDirection, let column = first.columnDirection, first.pixelSpacing.count == 2,
            first.pixelSpacing.allSatisfy({ $0 > 0 })
        else {
            throw DicomError(
                .noVolume, "The images state no orientation or no pixel spacing.", tag: .imageOrientationPatient)
        }
        guard abs(row.length - 1) < 0.01, abs(column.length - 1) < 0.01, abs(row.dot(column)) < 0.01 else {
            throw DicomError(
                .noVolume, "The images' rows and columns are not at right angles.", tag: .imageOrientationPatient)
        }
        let normal = row.cross(column)
        var warnings: [String] = []
        var slices = try Self.sorted(given, along: normal, &warnings)
        let step: LPSVector
        if let last = slices.last, last.distance - slices[0].distance >= Self.samePlace {
            try Self.checkSpacing(slices, &warnings)
            step = 1 / Double(slices.count - 1) * (last.position - slices[0].position)
            try Self.checkLine(slices, step: step, normal: normal, first, &warnings)
        } else {
            slices = try Self.byInstanceNumber(slices)
            step = try Self.statedSpacing(first) * normal
            warnings.append("All slices claim one position; they are ordered by instance number.")
        }
        frames = slices.map(\.frame)
        self.warnings = warnings
        // Direction cosines are rounded; the spacing is not.
        grid = LPSGrid(
            columns: first.columns, rows: first.rows, slices: slices.count, origin: slices[0].position,
            stepI: first.pixelSpacing[1] / row.length * row, stepJ: first.pixelSpacing[0] / column.length * column,
            stepK: step)
    }

    /// Slices along the normal; images that are present twice are left out once.
    private static func sorted(
        _ frames: [ImageFrame], along normal: LPSVector, _ warnings: inout [String]
    ) throws(DicomError) -> [Slice] {
        var slices: [Slice] = []
        var seen: Set<String> = []
        for frame in frames {
            guard let position = frame.position else {
                throw DicomError(.noVolume, "An image states no position.", tag: .imagePositionPatient)
            }
            guard frame.sopInstanceUID.isEmpty || seen.insert("\(frame.sopInstanceUID) \(frame.index)").inserted else {
                continue
            }
            slices.append(Slice(frame: frame, position: position, distance: position.dot(normal)))
        }
        let surplus = frames.count - slices.count
        if surplus > 0 { warnings.append("\(surplus) images are present twice.") }
        guard slices.count > 1 else { throw DicomError(.noVolume, "A single image does not form a volume.") }
        return slices.sorted { $0.distance < $1.distance }
    }

    private static func checkSpacing(_ slices: [Slice], _ warnings: inout [String]) throws(DicomError) {
        let gaps = zip(slices, slices.dropFirst()).map { $1.distance - $0.distance }
        let median = gaps.sorted()[gaps.count / 2]
        guard let smallest = gaps.min(), let largest = gaps.max(), smallest >= samePlace else {
            throw DicomError(.noVolume, "Several images claim the same position.", tag: .imagePositionPatient)
        }
        guard largest < 1.5 * median else {
            throw DicomError(
                .noVolume,
                "Slices are missing: a gap measures \(text(largest)) mm where others measure \(text(median)) mm.",
                tag: .imagePositionPatient)
        }
        let deviation = max(largest - median, median - smallest) / median
        guard deviation <= refusedDeviation else {
            throw DicomError(
                .noVolume, "The distance between slices varies from \(text(smallest)) to \(text(largest)) mm.",
                tag: .imagePositionPatient)
        }
        if deviation > reportedDeviation {
            warnings.append("The distance between slices varies from \(text(smallest)) to \(text(largest)) mm.")
        }
    }

    /// The slices' first pixels are on a line, which is the normal unless the gantry was tilted.
    private static func checkLine(
        _ slices: [Slice], step: LPSVector, normal: LPSVector, _ first: ImageFrame, _ warnings: inout [String]
    ) throws(DicomError) {
        let pixel = min(first.pixelSpacing[0], first.pixelSpacing[1])
        for (index, slice) in slices.enumerated() {
            let offset = slice.position - (slices[0].position + Double(index) * step)
            let within = (offset - offset.dot(normal) * normal).length
            guard within <= pixel else {
                throw DicomError(
                    .noVolume, "The slices are shifted against each other by up to \(text(within)) mm.",
                    tag: .imagePositionPatient)
            }
        }
        let along = step.dot(normal)
        let angle = Angle.degrees(of: (step - along * normal).length / along)
        if angle > tilt {
            warnings.append("The gantry was tilted by \(text(angle))°; the voxels form a sheared grid.")
        }
    }

    private static func byInstanceNumber(_ slices: [Slice]) throws(DicomError) -> [Slice] {
        let numbers = slices.compactMap(\.frame.instanceNumber)
        guard Set(numbers).count == slices.count else {
            throw DicomError(
                .noVolume, "All slices claim one position, and their instance numbers do not order them.",
                tag: .instanceNumber)
        }
        return slices.sorted { $0.frame.instanceNumber ?? 0 < $1.frame.instanceNumber ?? 0 }
    }

    private static func statedSpacing(_ frame: ImageFrame) throws(DicomError) -> Double {
        let stated = frame.attributes.spacingBetweenSlices ?? frame.attributes.sliceThickness
        guard let stated, stated > 0 else {
            throw DicomError(
                .noVolume, "All slices claim one position, and no spacing is stated.", tag: .spacingBetweenSlices)
        }
        return stated
    }

    private static func text(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
