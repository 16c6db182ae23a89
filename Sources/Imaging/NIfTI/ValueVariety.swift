/// Distinguishes label maps from images, voxel by voxel: they have few values, and most voxels equal their neighbours.
struct ValueVariety {
    /// In MR images of 16 grey levels fewer voxels equal their neighbours than this, in label maps more
    /// (docs/decisions/0222).
    private static let leastFlatShare = 0.7
    /// An image has at least this many values.
    private static let fewValues = 8
    private static let mostValues = 256
    private static let slots = 1024

    private struct Entry {
        var bits: UInt32 = 0
        var voxels = 0
        /// The number of voxels equal to the previous voxel and to the one in the previous row.
        var flatVoxels = 0
    }

    private var entries = [Entry](repeating: Entry(), count: slots)
    private var row: [Float]
    private var column = 0
    private var last = Float.nan
    private(set) var count = 0

    /// - Parameter rowLength: voxels along i.
    init(rowLength: Int) {
        row = [Float](repeating: .nan, count: max(1, rowLength))
    }

    mutating func add(_ values: UnsafeBufferPointer<Float>) {
        guard count <= Self.mostValues else { return }
        var (column, last, count) = (column, last, count)
        let length = row.count
        entries.withUnsafeMutableBufferPointer { entries in
            row.withUnsafeMutableBufferPointer { row in
                for index in 0..<values.count {
                    let value = values[index] + 0  // -0 is 0
                    let slot = Self.slot(of: value.bitPattern, in: entries)
                    if entries[slot].voxels == 0 {
                        count += 1
                        if count > Self.mostValues { return }
                        entries[slot].bits = value.bitPattern
                    }
                    entries[slot].voxels += 1
                    if value == last, value == row[column] { entries[slot].flatVoxels += 1 }
                    row[column] = value
                    last = value
                    column = column + 1 == length ? 0 : column + 1
                }
            }
        }
        (self.column, self.last, self.count) = (column, last, count)
    }

    /// The value's slot, or the free slot for it; at most a quarter of the slots is used.
    private static func slot(of bits: UInt32, in entries: UnsafeMutableBufferPointer<Entry>) -> Int {
        var slot = Int((bits &* 0x9e37_79b1) >> 22)
        while entries[slot].voxels > 0, entries[slot].bits != bits { slot = (slot + 1) & (slots - 1) }
        return slot
    }

    /// Whether the added values are a label map; the most frequent value counts as background.
    var isLabelMap: Bool {
        if count > Self.mostValues { return false }
        if count < Self.fewValues { return true }
        let background = entries.max { $0.voxels < $1.voxels } ?? Entry()
        let voxels = entries.reduce(-background.voxels) { $0 + $1.voxels }
        let flat = entries.reduce(-background.flatVoxels) { $0 + $1.flatVoxels }
        return Double(flat) >= Self.leastFlatShare * Double(voxels)
    }
}
