import Foundation

@testable import Imaging

/// A synthetic head that can be scanned at any position: irregular anatomy of waves, a skull and a scalp, or the brain
/// alone.
struct MovedHead {
    let isStripped: Bool
    /// Radians per mm along each axis, and radians.
    private let waves: [(x: Double, y: Double, z: Double, phase: Double)]

    init(patient: UInt64 = 1, isStripped: Bool = false) {
        self.isStripped = isStripped
        var random = SplitMix(patient)
        waves = (0..<12).map { _ in
            let length = 14 + 34 * random.unit()
            let way = [random.signed(), random.signed(), random.signed()]
            let size = max(0.1, way.reduce(0) { $0 + $1 * $1 }.squareRoot())
            let scale = 2 * .pi / length / size
            return (scale * way[0], scale * way[1], scale * way[2], 3 * random.signed())
        }
    }

    /// A scan of the head after `motion` (head to patient space) on `grid`, averaged over the slices' thickness, with
    /// noise of `noise` of the brain's brightness.
    func scan(
        _ sequence: MRISequence, on grid: VoxelGrid, motion: VoxelAffine = .identity, noise: Double = 0.03,
        seed: UInt64 = 3
    ) -> Image {
        var random = SplitMix(seed &* 977 &+ UInt64(sequence.channel))
        let toHead = motion.inverse.composed(with: grid.affine)
        let parts = grid.spacing[2] > 3 ? 2 : 1
        let depths = (0..<parts).map { (Double($0) + 0.5) / Double(parts) - 0.5 }
        var image = Image(grid: grid, filledWith: 0)
        for k in 0..<grid.size.k {
            for j in 0..<grid.size.j {
                for i in 0..<grid.size.i {
                    let sum = depths.reduce(0.0) { sum, depth in
                        sum + brightness(toHead.point(i: Double(i), j: Double(j), k: Double(k) + depth), sequence)
                    }
                    let value = sum / Double(parts)
                    guard value > 0 || !isStripped else { continue }
                    image[k, j, i] = Float(max(0, value + 500 * noise * (random.signed() + random.signed())))
                }
            }
        }
        return image
    }

    /// 0 in air, and outside a stripped brain.
    private func brightness(_ point: PatientPoint, _ sequence: MRISequence) -> Double {
        let radius = Self.radius(point, 62, 78, 58)
        if radius < 1 { return tissue(point, sequence) }
        if isStripped { return 0 }
        if Self.radius(point, 73, 89, 69) < 1 { return 40 }
        return Self.radius(point, 84, 100, 80) < 1 ? (sequence == .flair ? 300 : 700) : 0
    }

    private static func radius(_ point: PatientPoint, _ x: Double, _ y: Double, _ z: Double) -> Double {
        let forward = point.y > 0 ? 0.94 : 1.0
        return
            ((point.x / x) * (point.x / x) + (point.y / y / forward) * (point.y / y / forward)
            + (point.z / z) * (point.z / z)).squareRoot()
    }

    private func tissue(_ point: PatientPoint, _ sequence: MRISequence) -> Double {
        var value = 0.0
        for wave in waves { value += sin(wave.x * point.x + wave.y * point.y + wave.z * point.z + wave.phase) }
        value /= 3
        switch sequence {
        case .t1: return 500 + 120 * value
        case .t1ce: return 480 + 90 * value + (value > 0.9 ? 150 : 0)
        case .t2: return 600 - 140 * value
        case .flair: return 400 + 130 * abs(value - 0.4)
        }
    }
}

/// Random numbers that are the same on every machine.
struct SplitMix {
    private var state: UInt64

    init(_ seed: UInt64) {
        state = seed
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// 0...1.
    mutating func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }
    /// -1...1.
    mutating func signed() -> Double { 2 * unit() - 1 }

    /// A rotation by at most `degrees` about a random axis through `centre`, and a shift of at most `millimetres`.
    mutating func motion(degrees: Double, millimetres: Double, about centre: PatientPoint = .origin) -> VoxelAffine {
        let axis = direction()
        let angle = unit() * degrees * .pi / 180
        let shift = unit() * millimetres * direction()
        let (x, y, z) = (axis.x, axis.y, axis.z)
        let (c, s) = (cos(angle), sin(angle))
        let turn = VoxelAffine(rows: [
            c + x * x * (1 - c), x * y * (1 - c) - z * s, x * z * (1 - c) + y * s, 0,
            y * x * (1 - c) + z * s, c + y * y * (1 - c), y * z * (1 - c) - x * s, 0,
            z * x * (1 - c) - y * s, z * y * (1 - c) + x * s, c + z * z * (1 - c), 0,
        ])
        return turn.moved(by: centre - turn.map(centre) + shift)
    }

    private mutating func direction() -> PatientPoint {
        while true {
            let point = PatientPoint(x: signed(), y: signed(), z: signed())
            let length = point.dot(point)
            if length > 0.01, length <= 1 { return point.normalised }
        }
    }
}

extension VoxelAffine {
    /// mm: how far the corners of a box land from where `truth` brings them, at most.
    func cornerError(from truth: VoxelAffine, over grid: VoxelGrid) -> Double {
        grid.corners.map { map($0).distance(to: truth.map($0)) }.max() ?? 0
    }
}

extension [Double] {
    /// 0 (smallest) to 1 (largest).
    func quantile(_ share: Double) -> Double { sorted()[Int((Double(count - 1) * share).rounded(.up))] }
}
