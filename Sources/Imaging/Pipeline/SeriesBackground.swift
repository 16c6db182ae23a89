/// What surrounds the brain in a skull-stripped series: one value, or noise about one, that covers the faces of its
/// volume.
///
/// Keep in sync with `training/background.py`.
package struct SeriesBackground: Equatable, Sendable {
    package let level: Float
    /// How far from `level` a background voxel may be.
    let tolerance: Float
    /// Whether brain is brighter than `level`: voxels darker by more than the tolerance are interpolation ripples.
    let isOneSided: Bool

    /// The share of the faces that the background covers.
    private static let facesShare = 0.85
    /// From this share of one exact value on, there is no noise.
    private static let evenShare = 0.9
    /// Noise (the 0.9 quantile of the faces' deviation) is below this share of the brain's range.
    private static let mostNoise: Float = 0.03
    /// Brain differs from the background by this multiple of the noise.
    private static let noises: Float = 2.5
    /// Ripples on the other side of the background add up to less than this share of the brain.
    private static let rippleSum = 0.02
    /// Otherwise many voxels that differ from the background by less than this share of the brain's range indicate
    /// ripples.
    private static let faint: Float = 0.005
    private static let faintShare = 0.05
    /// The share of the brain's range that ripples reach outside it.
    private static let ripple: Float = 0.08
    private static let strippedZeroShare = 0.2

    /// A background of exactly one value.
    package init(level: Float, tolerance: Float = 0, isOneSided: Bool = false) {
        self.level = level
        self.tolerance = tolerance
        self.isOneSided = isOneSided
    }

    /// `nil` if the series shows a head.
    package init?(of image: Image) {
        if let found = Self.around(image) {
            self = found
        } else if image.share(of: 0) >= Self.strippedZeroShare {
            self.init(level: 0)
        } else {
            return nil
        }
    }

    private static func around(_ image: Image) -> SeriesBackground? {
        let faces = image.faceValues.sorted()
        let level = faces.quantile(0.5)
        let deviations = faces.map { abs($0 - level) }.sorted()
        func share(within tolerance: Float) -> Double {
            Double(deviations.count(where: { $0 <= tolerance })) / Double(deviations.count)
        }
        let noise = share(within: 0) >= evenShare ? 0 : deviations.quantile(0.9)
        let tolerance = noises * noise
        let away = image.values.sample.map { $0 - level }
        let bright = away.map { abs($0) }.filter { $0 > tolerance }.sorted()
        guard !bright.isEmpty else { return nil }
        let range = bright.quantile(0.99)
        guard noise <= mostNoise * range, share(within: tolerance) >= facesShare else { return nil }
        return SeriesBackground(level: level, tolerance: tolerance).allowingForRipples(away, bright, range)
    }

    /// - Parameters:
    ///   - away: a sample of the series minus the level.
    ///   - bright: the part of it beyond the tolerance, by size.
    private func allowingForRipples(_ away: [Float], _ bright: [Float], _ range: Float) -> SeriesBackground {
        let above = away.reduce(0.0) { $1 > tolerance ? $0 + Double($1) : $0 }
        let below = away.reduce(0.0) { $1 < -tolerance ? $0 - Double($1) : $0 }
        let isOneSided = below > 0 && below < Self.rippleSum * above
        let faint = Double(bright.count(where: { $0 <= Self.faint * range })) / Double(bright.count)
        guard isOneSided || faint > Self.faintShare else { return self }
        return SeriesBackground(
            level: level, tolerance: max(tolerance, Self.ripple * range), isOneSided: isOneSided)
    }

    /// The voxels that differ from the background.
    package func brain(in image: Image) -> LabelMap {
        let (level, tolerance) = (level, tolerance)
        return isOneSided
            ? image.mask { $0 - level > tolerance } : image.mask { abs($0 - level) > tolerance }
    }
}

extension Volume where Element == Float {
    /// If the gap between the background and the brain's darkest voxels exceeds this share of the brain's range,
    /// smoothing would change the brain's rim.
    private static var largestGap: Float { 0.25 }

    /// The image minus its background, 0 outside the mask, which may be on another grid: a background far from the
    /// brain's darkest voxels is moved to them. A series that is 0 around the brain is unchanged.
    package func strippingBackground(within mask: LabelMap, around background: SeriesBackground) throws -> Image {
        let inside = try Resampler.nearest(mask, to: grid).values
        var floor = background.level
        var brain: [Float] = []
        for index in values.indices where inside[index] != 0 { brain.append(values[index]) }
        brain = brain.sample.sorted()
        if !brain.isEmpty {
            let low = brain.quantile(0.001)
            let high = brain.quantile(0.99)
            if high > low && abs(low - floor) > Self.largestGap * (high - low) { floor = low }
        }
        if floor == 0 && background == SeriesBackground(level: 0) { return self }
        var image = self
        for index in image.values.indices {
            image.values[index] = inside[index] == 0 ? 0 : image.values[index] - floor
        }
        return image
    }

    fileprivate func share(of value: Float) -> Double {
        Double(values.reduce(into: 0) { $0 += $1 == value ? 1 : 0 }) / Double(values.count)
    }

    /// The values of the six faces.
    fileprivate var faceValues: [Float] { Face.all.flatMap { $0.values(of: self).joined() } }
}

/// One of a volume's six faces.
struct Face {
    /// The axis perpendicular to it.
    let axis: Int
    let isFirst: Bool

    static let all = (0..<3).flatMap { axis in [true, false].map { Face(axis: axis, isFirst: $0) } }

    /// The rows of the face's voxels.
    func values<Value>(of image: Volume<Value>) -> [[Value]] {
        let size = image.grid.size
        let strides = [1, size.i, size.i * size.j]
        let others = (0..<3).filter { $0 != axis }
        let start = isFirst ? 0 : (size[axis] - 1) * strides[axis]
        return (0..<size[others[1]]).map { row in
            let first = start + row * strides[others[1]]
            return (0..<size[others[0]]).map { image.values[first + $0 * strides[others[0]]] }
        }
    }
}

extension [Float] {
    private static var samples: Int { 100_000 }

    /// At most twice `samples` of the values, evenly spread.
    var sample: [Float] {
        let step = Swift.max(1, count / Self.samples)
        return stride(from: 0, to: count, by: step).map { self[$0] }
    }

    /// The quantile of sorted, non-empty values, without interpolation.
    func quantile(_ share: Double) -> Float { self[Int(Double(count - 1) * share)] }
}
