import Foundation

/// A synthetic patient: the atlas's brain in four synthetic contrasts with a synthetic tumour of known ground truth.
///
/// A smaller version of `training/phantom.py` for self-tests and samples; not suited to evaluate a model. Equal seeds
/// give equal patients.
package struct SamplePatient: Sendable {
    package let series: [MRISequence: Image]
    /// BraTS 2023.
    package let truth: LabelMap

    /// mm; coarse, to keep the self-test short.
    private static let spacing = 2.0
    /// Right frontoparietal white matter in MNI space, and the tumour's radius in mm.
    private static let centre = PatientPoint(x: 28, y: -18, z: 30)
    private static let radius: Float = 27
    private static let noise: Float = 18

    private static let template = "ch2bet.nii.gz"

    /// Whether this folder contains the atlas's brain.
    package static func canBeMade(of atlas: URL) -> Bool {
        FileManager.default.fileExists(atPath: atlas.appendingPathComponent(template).path)
    }

    /// - Parameter atlas: the folder of `mricron-data`.
    /// - Throws: `ImagingError` if the atlas is missing or damaged.
    package init(atlas: URL, seed: UInt64) throws {
        let fine = try NIfTIFile.readImage(atlas.appendingPathComponent(Self.template))
        let grid = fine.grid.resized(spacing: [Self.spacing, Self.spacing, Self.spacing])
        let brain = try Resampler.linear(fine, to: grid)
        var random = SplitMix(seed: seed)
        let tissue = Tissue(brain)
        truth = try Self.tumour(in: tissue, &random)
        var series: [MRISequence: Image] = [:]
        for sequence in MRISequence.allCases { series[sequence] = try Self.image(sequence, tissue, truth, &random) }
        self.series = series
    }

    /// Writes the series as `t1.nii.gz` … into `folder`.
    package func write(to folder: URL) throws -> [MRISequence: URL] {
        var files: [MRISequence: URL] = [:]
        for (sequence, image) in series {
            let file = folder.appendingPathComponent(sequence.rawValue + ".nii.gz")
            try NIfTIFile.write(image, to: file)
            files[sequence] = file
        }
        return files
    }

    // MARK: Parts

    private static let necrosis: UInt8 = 1
    private static let oedema: UInt8 = 2
    private static let enhancing: UInt8 = 3

    /// Irregular necrosis, an enhancing rim, and oedema that prefers white matter.
    private static func tumour(in tissue: Tissue, _ random: inout SplitMix) throws -> LabelMap {
        let grid = tissue.grid
        let bumps = try smoothNoise(grid, sigma: 7, &random)
        let fine = try smoothNoise(grid, sigma: 3, &random)
        let white = try smoothed(Image(grid: grid, values: tissue.white), sigma: 2).values
        var labels = LabelMap(grid: grid, filledWith: 0)
        for k in 0..<grid.size.k {
            for j in 0..<grid.size.j {
                for i in 0..<grid.size.i {
                    let index = (k * grid.size.j + j) * grid.size.i + i
                    let point = grid.affine.point(i: Double(i), j: Double(j), k: Double(k))
                    guard tissue.isBrain[index], tissue.fluid[index] < 0.6, point.x > 1 else { continue }
                    let distance = Float(point.distance(to: centre)) / radius
                    guard distance < 2 else { continue }
                    let core = distance + 0.12 * bumps[index] + 0.04 * fine[index]
                    if core + 0.1 * fine[index] < 0.35 {
                        labels.values[index] = necrosis
                    } else if core < 0.55 {
                        labels.values[index] = enhancing
                    } else if distance + 0.25 * bumps[index] - 0.5 * white[index] < 0.75 {
                        labels.values[index] = oedema
                    }
                }
            }
        }
        return try largestPart(of: labels)
    }

    private static func largestPart(of labels: LabelMap) throws -> LabelMap {
        let part = try labels.mask { $0 != 0 }.largestComponent()
        return LabelMap(grid: labels.grid, values: zip(labels.values, part.values).map { $1 == 0 ? 0 : $0 })
    }

    /// One sequence, 0 outside the brain and above 0 inside, with a bias field and noise.
    private static func image(
        _ sequence: MRISequence, _ tissue: Tissue, _ labels: LabelMap, _ random: inout SplitMix
    ) throws -> Image {
        let contrast = Contrast.of(sequence)
        let texture = try smoothNoise(labels.grid, sigma: 2, &random)
        let bias = try smoothNoise(labels.grid, sigma: 30, &random)
        var values = contrast.values(of: tissue)
        for (label, brightness) in zip([necrosis, oedema, enhancing], contrast.tumour) {
            let mask = Image(grid: labels.grid, values: labels.values.map { $0 == label ? 1 : 0 })
            let share = try smoothed(mask, sigma: 0.7).values
            for index in values.indices where share[index] > 0 {
                values[index] += share[index] * (brightness * (1 + 0.06 * texture[index]) - values[index])
            }
        }
        for index in values.indices {
            guard tissue.isBrain[index] else {
                values[index] = 0
                continue
            }
            values[index] = max(1, values[index] * (1 + 0.05 * bias[index]) + noise * random.normal()).rounded()
        }
        return Image(grid: labels.grid, values: values)
    }

    private static func smoothed(_ image: Image, sigma: Double) throws -> Image {
        try Smoothing.recursive(image, sigma: [sigma, sigma, sigma])
    }

    /// Mean 0 and standard deviation 1.
    private static func smoothNoise(_ grid: VoxelGrid, sigma: Double, _ random: inout SplitMix) throws -> [Float] {
        let raw = Image(grid: grid, values: (0..<grid.size.count).map { _ in random.normal() })
        let field = try smoothed(raw, sigma: sigma).values
        let mean = field.reduce(0, +) / Float(field.count)
        let variance = field.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(field.count)
        let scale = 1 / max(variance.squareRoot(), .leastNormalMagnitude)
        return field.map { ($0 - mean) * scale }
    }
}

/// The shares of fluid, grey and white matter in each voxel, derived from the atlas's brightness.
private struct Tissue {
    let grid: VoxelGrid
    let isBrain: [Bool]
    let fluid: [Float]
    let white: [Float]

    init(_ brain: Image) {
        func ramp(_ value: Float, _ low: Float, _ high: Float) -> Float { min(1, max(0, (value - low) / (high - low))) }
        grid = brain.grid
        isBrain = brain.values.map { $0 > 0 }
        fluid = brain.values.map { 1 - ramp($0, 45, 75) }
        white = brain.values.map { ramp($0, 92, 108) }
    }
}

/// The brightness of the tissues in one sequence.
private struct Contrast {
    let fluid: Float
    let grey: Float
    let white: Float
    /// Necrosis, oedema, enhancing tumour.
    let tumour: [Float]

    static func of(_ sequence: MRISequence) -> Contrast {
        switch sequence {
        case .t1: Contrast(fluid: 150, grey: 520, white: 760, tumour: [330, 500, 540])
        case .t1ce: Contrast(fluid: 160, grey: 540, white: 770, tumour: [330, 510, 1150])
        case .t2: Contrast(fluid: 1000, grey: 560, white: 420, tumour: [880, 850, 680])
        case .flair: Contrast(fluid: 120, grey: 560, white: 480, tumour: [600, 960, 800])
        }
    }

    func values(of tissue: Tissue) -> [Float] {
        zip(tissue.fluid, tissue.white).map { fluid, white in
            self.fluid * fluid + self.white * white + grey * (1 - fluid - white)
        }
    }
}

/// SplitMix64 (Steele et al. 2014): the same numbers on every machine.
private struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Approximately normally distributed, enough for noise: the sum of four uniform numbers.
    mutating func normal() -> Float {
        let bits = next()
        var sum: Float = 0
        for part in 0..<4 { sum += Float((bits >> (16 * part)) & 0xFFFF) / 65_535 }
        return (sum - 2) * 1.732
    }
}
