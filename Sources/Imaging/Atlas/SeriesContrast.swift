/// The brightness of brain tissues in a series, measured through the atlas: distinguishes T2 from T1 regardless of the
/// file's name.
package struct SeriesContrast: Codable, Equatable, Sendable {
    /// Spearman's rank correlation of the series with the T1 template within the brain, -1...1.
    package let correlation: Double
    /// Mean rank of the template's cerebrospinal fluid among the brain's voxels of the series, 0 (darkest) to 1.
    package let fluidRank: Double

    /// Every third voxel is enough for two decimals.
    private static let stride = 3
    /// Intensities of `ch2bet` that are cerebrospinal fluid.
    private static let fluid: ClosedRange<Float> = 15...55

    /// - Parameters:
    ///   - template: the T1 template's intensities, 0 outside the brain.
    ///   - series: the series on the template's voxels.
    ///   - excluded: non-zero for voxels that a healthy brain does not have.
    /// - Returns: `nil` if fewer than 1000 voxels can be compared.
    init?(template: [Float], series: [Float], excluded: [UInt8]) {
        let chosen = Swift.stride(from: 0, to: template.count, by: Self.stride).filter {
            template[$0] >= Self.fluid.lowerBound && series[$0] != 0 && excluded[$0] == 0
        }
        guard chosen.count >= 1000 else { return nil }
        let expected = Self.ranks(chosen.map { template[$0] })
        let found = Self.ranks(chosen.map { series[$0] })
        correlation = Self.rankCorrelation(expected, found)
        let ranks = chosen.indices.filter { Self.fluid.contains(template[chosen[$0]]) }.map { found[$0] }
        fluidRank = ranks.reduce(0, +) / Double(max(ranks.count, 1))
    }

    /// Spearman's correlation of ranks that `ranks` returned.
    static func rankCorrelation(_ a: [Double], _ b: [Double]) -> Double {
        // The mean and variance of ranks that are spread evenly over 0...1.
        zip(a, b).reduce(0.0) { $0 + ($1.0 - 0.5) * ($1.1 - 0.5) } / Double(a.count) * 12
    }

    /// Ranks 0...1 by ascending value; equal values are ranked by position.
    static func ranks(_ values: [Float]) -> [Double] {
        let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
        var ranks = [Double](repeating: 0, count: values.count)
        for (rank, index) in order.enumerated() { ranks[index] = Double(rank) / Double(values.count - 1) }
        return ranks
    }
}

extension AtlasAlignment {
    /// - Parameters:
    ///   - series: in the aligned patient's space.
    ///   - tumour: excluded from the comparison.
    package func contrast(of series: Image, without tumour: LabelMap) throws -> SeriesContrast? {
        let grid = VoxelGrid(
            size: brain.grid.size, affine: toAtlas.inverse.composed(with: brain.grid.affine))
        return SeriesContrast(
            template: brain.values, series: try Resampler.linear(series, to: grid).values,
            excluded: try Resampler.nearest(tumour, to: grid).values)
    }
}
