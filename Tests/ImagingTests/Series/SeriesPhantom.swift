import Foundation

@testable import Imaging

/// Four series of one synthetic head: irregular anatomy, each with its own contrast and noise.
struct SeriesPhantom {
    static let grid = VoxelGrid(
        size: GridSize(i: 50, j: 60, k: 46),
        affine: VoxelAffine(spacing: [3, 3, 3], origin: PatientPoint(x: -73.5, y: -88.5, z: -67.5)))

    var images: [MRISequence: Image] = [:]

    /// - Parameter patient: different numbers give different patients.
    init(patient: UInt64 = 1) {
        let anatomy = Self.anatomy(patient)
        for sequence in MRISequence.allCases {
            var noise = patient &* 31 &+ UInt64(sequence.channel) &+ 7
            images[sequence] = Image(
                grid: Self.grid,
                values: anatomy.map { value in
                    value.isNaN ? 0 : Self.brightness(value, sequence) + 60 * Self.random(&noise)
                })
        }
    }

    var study: Study { get throws { try Study(images: images) } }

    func only(_ sequences: [MRISequence]) -> SeriesPhantom {
        var some = self
        some.images = images.filter { sequences.contains($0.key) }
        return some
    }

    mutating func change(_ sequence: MRISequence, _ change: (Image) -> Image) {
        images[sequence] = images[sequence].map(change)
    }

    /// Adds the effect of spline resampling around a brain: values near 0 that fade out, equal in every series.
    mutating func addRipples() {
        for sequence in images.keys {
            change(sequence) { image in
                var image = image
                for index in image.values.indices where image.values[index] == 0 {
                    let fading = 40 * exp(4 * (1 - Self.radius(index)))
                    image.values[index] = fading * (Float(index * 7919 % 101) / 50 - 1)
                }
                return image
            }
        }
    }

    /// The check whose sentences become reasons for review.
    func overlay() throws -> SeriesOverlayCheck {
        let separated = try SeparatedStudy(study)
        return try SeriesLattice(separated.study).overlay(within: separated.foreground.mask)
    }

    func checkCopies() throws {
        try SeriesLattice(SeparatedStudy(study).study).checkCopies()
    }

    /// A sum of waves of 14 to 45 mm in all directions within an ellipsoid; NaN outside.
    private static func anatomy(_ patient: UInt64) -> [Float] {
        var state = patient
        let waves = (0..<14).map { _ -> [Float] in
            let length = 14 + 31 * abs(random(&state))
            let way = [random(&state), random(&state), random(&state)]
            let size = max(0.1, way.reduce(0) { $0 + $1 * $1 }.squareRoot())
            return way.map { 2 * .pi * 3 / length * $0 / size } + [3 * random(&state)]
        }
        var values: [Float] = []
        for k in 0..<46 {
            for j in 0..<60 {
                for i in 0..<50 {
                    let (x, y, z) = (Float(i) - 24.5, Float(j) - 29.5, Float(k) - 22.5)
                    values.append(
                        radius(values.count) < 1
                            ? waves.reduce(Float(0)) { $0 + sin($1[0] * x + $1[1] * y + $1[2] * z + $1[3]) } / 3.5
                            : .nan)
                }
            }
        }
        return values
    }

    /// The radius of a voxel by its index; 1 is the brain's surface.
    private static func radius(_ index: Int) -> Float {
        let (i, j, k) = (index % grid.size.i, index / grid.size.i % grid.size.j, index / grid.size.i / grid.size.j)
        let (x, y, z) = (Float(i) - 24.5, Float(j) - 29.5, Float(k) - 22.5)
        return (x * x / 500 + y * y / 740 + z * z / 400).squareRoot()
    }

    private static func brightness(_ value: Float, _ sequence: MRISequence) -> Float {
        switch sequence {
        case .t1: 500 + 120 * value
        case .t1ce: 480 + 90 * value + (value > 0.9 ? 150 : 0)
        case .t2: 600 - 140 * value
        case .flair: 400 + 130 * abs(value - 0.4)
        }
    }

    /// Uniform numbers in -1...1 (SplitMix64).
    private static func random(_ state: inout UInt64) -> Float {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Float((z ^ (z >> 31)) >> 40) / Float(1 << 23) - 1
    }
}

extension Image {
    /// The voxels mirrored with an unchanged header.
    func mirrored(along axis: Int = 0) -> Image {
        rearranged(AxisRearrangement(sources: [0, 1, 2], isFlipped: (0..<3).map { $0 == axis })).placed(on: grid)
    }

    /// The voxels shifted with an unchanged header, 0 if there is no source.
    func moved(_ voxels: [Int]) -> Image {
        var image = Image(grid: grid, filledWith: 0)
        let size = grid.size
        for k in 0..<size.k {
            for j in 0..<size.j {
                for i in 0..<size.i {
                    let (x, y, z) = (i - voxels[0], j - voxels[1], k - voxels[2])
                    if x >= 0, y >= 0, z >= 0, x < size.i, y < size.j, z < size.k { image[k, j, i] = self[z, y, x] }
                }
            }
        }
        return image
    }
}
