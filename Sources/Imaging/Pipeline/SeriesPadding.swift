import CITK

extension Volume where Element == Float {
    /// The minimum share of the faces in corners filled by a rotation.
    private static var paddingShare: Double { 0.01 }
    /// How far above the darkest value such corners are, as a share of the image's range.
    private static var paddingLevel: Float { 0.02 }

    /// The image with corners that a rotation or a crop filled with one brighter value set to the darkest value,
    /// including adjacent voxels. Keep in sync with `training/background.py`.
    func withoutPadding() throws -> Image {
        guard let low = values.min() else { return self }
        let high = values.sample.sorted().quantile(0.99)
        var padding = LabelMap(grid: grid, filledWith: 0)
        var isPadded = false
        for value in evenValues() where value - low > Self.paddingLevel * (high - low) {
            // Voxels of the value that are not connected to the faces are not corners.
            let rest = try mask { $0 != value }.filled()
            for index in padding.values.indices where rest.values[index] == 0 {
                padding.values[index] = 1
                isPadded = true
            }
        }
        guard isPadded else { return self }
        var darkest = Float.infinity
        for index in values.indices where padding.values[index] == 0 { darkest = Swift.min(darkest, values[index]) }
        var image = self
        let grown = padding.dilated().values
        for index in grown.indices where grown[index] != 0 {
            image.values[index] = darkest.isFinite ? darkest : low
        }
        return image
    }

    /// Values that cover enough of the faces in patches: face voxels whose next voxels in both directions are equal.
    private func evenValues() -> [Float] {
        var counts: [Float: Int] = [:]
        var total = 0
        for face in Face.all {
            let rows = face.values(of: self)
            total += rows.count * (rows.first?.count ?? 0)
            for (row, next) in zip(rows, rows.dropFirst()) {
                for column in row.indices.dropLast()
                where row[column] == next[column] && row[column] == row[column + 1] {
                    counts[row[column], default: 0] += 1
                }
            }
        }
        return counts.filter { Double($0.value) >= Self.paddingShare * Double(total) }.keys.sorted()
    }
}

extension Volume where Element == Float {
    /// The share of a shell's border above which one value is a further shell.
    private static var shellShare: Double { 0.85 }
    private static var mostShells: Int { 4 }

    /// Whether its faces have several uniform values.
    var hasSeveralShells: Bool { evenValues().count > 1 }

    /// The image with one value around the content if several surround it, nested or adjacent: a frame with a fill
    /// value, corners of a rotation, halves. `nil` if there is one value or none.
    func withoutShells() throws -> Image? {
        var around = Set(evenValues())
        let faces = Face.all.flatMap { $0.values(of: self).joined() }
        let covered = faces.count(where: { around.contains($0) })
        guard Double(covered) >= Self.shellShare * Double(faces.count) else { return nil }
        var rest = try inside(of: around)
        while around.count < Self.mostShells, let next = rest.commonestAtBorder(of: self),
            next.share >= Self.shellShare, !around.contains(next.value)
        {
            around.insert(next.value)
            rest = try inside(of: around)
        }
        guard around.count > 1, let level = rest.inverted.commonestAtBorder(of: self) else { return nil }
        var image = self
        for index in image.values.indices where rest.values[index] == 0 { image.values[index] = level.value }
        return image
    }

    /// The voxels that are not connected to the faces through these values.
    private func inside(of around: Set<Float>) throws -> LabelMap { try mask { !around.contains($0) }.filled() }
}

extension Volume where Element == UInt8 {
    /// The mask with its face neighbours.
    func dilated() -> LabelMap {
        var grown = self
        let size = grid.size
        let strides = [1, size.i, size.i * size.j]
        var index = 0
        for k in 0..<size.k {
            for j in 0..<size.j {
                for i in 0..<size.i {
                    if values[index] != 0 {
                        for (place, axis) in [(i, 0), (j, 1), (k, 2)] {
                            if place > 0 { grown.values[index - strides[axis]] = 1 }
                            if place + 1 < size[axis] { grown.values[index + strides[axis]] = 1 }
                        }
                    }
                    index += 1
                }
            }
        }
        return grown
    }
}

extension LabelMap {
    fileprivate var inverted: LabelMap { LabelMap(grid: grid, values: values.map { $0 == 0 ? 1 : 0 }) }

    /// The most common value of the set voxels with an unset face neighbour, and its count.
    fileprivate func commonestAtBorder(of image: Image) -> (value: Float, share: Double)? {
        let outside = inverted.dilated().values
        var counts: [Float: Int] = [:]
        for index in values.indices where values[index] != 0 && outside[index] != 0 {
            counts[image.values[index], default: 0] += 1
        }
        let total = counts.values.reduce(0, +)
        // The lower value on a tie, so that equal images give equal bits.
        return counts.max { ($0.value, -$0.key) < ($1.value, -$1.key) }.map {
            ($0.key, Double($0.value) / Double(total))
        }
    }
}
