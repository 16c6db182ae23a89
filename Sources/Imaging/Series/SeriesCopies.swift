extension SeriesLattice {
    /// Different sequences of one head reach 0.25 at most, and copies 0.5 and more (docs/decisions/0222).
    private static let copyInformation = 0.4
    private static let mirrorings: [[Bool]] = (0..<8).map { bits in (0..<3).map { bits & 1 << $0 != 0 } }

    /// - Throws: `ImagingError(.incompatibleSeries)` if a series is a copy of another: rescaled, offset, rounded or
    ///   mirrored.
    package func checkCopies() throws {
        let bins = Dictionary(
            uniqueKeysWithValues: try layers.sorted { $0.key < $1.key }.concurrentMap { sequence, values in
                (sequence, RankBins(values, on: grid))
            })
        let copies = try pairs.concurrentMap { first, second in
            guard let own = bins[first], let other = bins[second] else { return false }
            return Self.mirrorings.contains { own.information(other.mirrored($0)) >= Self.copyInformation }
        }
        if let (first, second) = copies.firstIndex(of: true).map({ pairs[$0] }) {
            throw ImagingError(.incompatibleSeries, DuplicateSeries.message(first, second))
        }
    }
}
