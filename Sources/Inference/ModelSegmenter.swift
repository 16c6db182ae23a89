import Basics
import Foundation
import Imaging

/// Runs a model package: a first stage on the whole brain and, if the package has one, a second stage with finer voxels
/// around the first one's findings.
package struct ModelSegmenter: Segmenter {
    package let model: ModelIdentity
    package let device: String
    let package: ModelPackage
    /// One for each stage of the package.
    private let networks: [any CompiledNetwork]
    /// Finds the brain in a head; `nil` if the package has no such network.
    let brainNetwork: (any CompiledNetwork)?

    /// The logit beyond a stage's box: no tumour, no brain.
    static let backgroundLogit: Float = -20
    /// Not a logit: marks voxels that the second stage did not process.
    private static let nowhere: Float = -1000

    /// Compiles the package's networks, which stay in memory.
    ///
    /// - Parameters:
    ///   - precision: of the tumour's networks; the brain network always runs in `f32`.
    ///   - compiler: compiles them, all for the same device.
    /// - Throws: `ImagingError(.invalidModel)`.
    package init(
        _ package: ModelPackage, precision: ModelPrecision = .f32, compiler: NetworkCompiler = NetworkCompiler()
    ) throws {
        self.package = package
        model = package.identity
        let files = try package.stages.map { stage in
            guard let file = stage.networks[precision] else {
                throw ImagingError(
                    .invalidModel,
                    "The model package has no \(precision.rawValue) networks; set MODEL_PRECISION to f32.")
            }
            return file
        }
        let brain = package.brain?.networks[.f32]
        let compiled = try compiler.compile(files + (brain.map { [$0] } ?? []))
        networks = Array(compiled.prefix(files.count))
        brainNetwork = compiled.dropFirst(files.count).first
        device = compiled[0].device.rawValue
    }

    package func probabilities(of separated: SeparatedStudy, control: WorkControl) throws -> TumourProbabilities {
        let study = separated.study
        guard let reference = study.images[study.reference] else {
            throw ImagingError(.internalFault, "The study has no reference series.")
        }
        let missing = package.required.filter { study.images[$0] == nil }
        guard missing.isEmpty else {
            throw ImagingError(
                .incompatibleSeries,
                "This model cannot work without \(missing.map(\.displayName).joined(separator: ", ")); upload it or choose another model."
            )
        }
        var clock = StageClock(control)
        control.report("Preparing the images", 0)
        let prepared = try withoutSkull(PreparedStudy(separated.reoriented()), control: control)
        if prepared.foreground.brainMask != .none {
            try prepared.study.checkReach(over: prepared.foreground.mask)
        }
        let stage = package.stages[0]
        let input = try NetworkInput(
            prepared, on: stage.grid(around: prepared), stage, package,
            control: control)
        clock.lap("prepare")
        let whole = try run(0, input, control: control.share(0.2...0.4))
        clock.lap("network")
        let detail = try refine(prepared, input, whole, control: control.share(0.4...0.8), clock: &clock)
        control.report("Resampling masks to each series", 0.8)
        let found = try regions(whole, detail, on: reference.grid)
        let foreground = try Resampler.nearest(prepared.foreground.mask, to: reference.grid)
        let enhancement = try EnhancementPredictor.answer(
            found, thresholds: package.thresholds, in: study, foreground: foreground, by: package.enhancementPredictor)
        let regions = try package.coreRule?.applied(to: found, enhancement) ?? found
        clock.lap("restore")
        return TumourProbabilities(
            regions: regions,
            gatingWeights: Dictionary(uniqueKeysWithValues: zip(package.sequences, whole.gate)),
            thresholds: package.thresholds, foreground: foreground,
            brainMask: prepared.foreground.brainMask, stages: clock.stages,
            expectedDice: ExpectedDice.of(
                regions, thresholds: package.thresholds, with: Set(study.sequences),
                by: package.quality.filter { enhancement.isSegmented || $0.key != .enhancingTumour }),
            reviewBelow: package.reviewBelow, lesionPredictor: package.lesionPredictor, enhancement: enhancement)
    }

    /// Runs a stage's network over its windows; the next window is extracted while the network processes the current
    /// one.
    private func run(
        _ stage: Int, _ input: NetworkInput, where wanted: LabelMap? = nil, control: WorkControl
    ) throws -> StageOutput {
        let windows = Windows(over: input.grid.size, package.stages[stage].window, holding: wanted)
        let network = networks[stage]
        let outputs = package.stages[stage].outputs
        var blend = WindowBlend(windows, channels: package.regions.count)
        var next = windows.origins.first.map { input.window(windows, at: $0) }
        for (number, origin) in windows.origins.enumerated() {
            guard let current = next else { break }
            control.report("Running the network", Double(number) / Double(windows.origins.count))
            let following = number + 1 < windows.origins.count ? windows.origins[number + 1] : nil
            let parts = try [true, false].concurrentMap { isRun -> WindowWork in
                guard isRun else { return .cut(following.map { input.window(windows, at: $0) }) }
                return .ran(
                    try network.run(
                        [("images", current), ("availability", input.availability)], outputs: outputs,
                        isCancelled: control.isCancelled))
            }
            for part in parts {
                switch part {
                case .cut(let window): next = window
                case .ran(let found):
                    try blend.add(found[0], gate: found.count > 1 ? found[1] : [], seen: current, at: origin)
                }
            }
        }
        return StageOutput(grid: input.grid, blend)
    }

    /// Runs the second stage around the first one's findings; `nil` if the package has none or nothing was found.
    private func refine(
        _ prepared: PreparedStudy, _ input: NetworkInput, _ whole: StageOutput, control: WorkControl,
        clock: inout StageClock
    ) throws -> StageOutput? {
        guard package.stages.count > 1, let around = package.stages[1].around else { return nil }
        let stage = package.stages[1]
        guard let channel = package.regions.firstIndex(of: around.region) else { return nil }
        let found = whole.logits(channel).mask { Self.probability($0) > around.probability }
        let margin = (0..<3).map { Int((around.margin / input.grid.spacing[$0]).rounded(.up)) }
        guard let box = found.boundingBox?.grown(by: margin, within: input.grid.size) else { return nil }
        let fine = try NetworkInput(
            prepared, on: stage.grid(refining: box, of: input.grid), stage, package, statistics: input.statistics,
            control: control)
        let share = try Resampler.linear(Image(grid: found.grid, values: found.values.map(Float.init)), to: fine.grid)
        clock.lap("prepare-refine")
        var detail = try run(1, fine, where: share.mask { $0 > 0.5 }, control: control)
        clock.lap("refine")
        for region in package.regions.indices {
            let below = try Resampler.linear(whole.logits(region), to: fine.grid, outside: Self.backgroundLogit)
            detail.mix(region, with: below.values, weight: around.weight)
        }
        clock.lap("mix")
        return detail
    }

    /// Logits are interpolated in RAS, as in training, before they become probabilities.
    private func regions(
        _ whole: StageOutput, _ detail: StageOutput?, on grid: VoxelGrid
    ) throws -> [TumourRegion: Image] {
        let oriented = grid.rearranged(AxisRearrangement(from: grid.orientation, to: .ras))
        let box = oriented.box(covering: whole.grid, margin: 1)
        let maps = try package.regions.enumerated().map { ($0, $1) }.concurrentMap { channel, region in
            var map = Image(grid: oriented, filledWith: Self.probability(Self.backgroundLogit))
            if let box {
                let near = oriented.cropped(lower: box.lower, size: box.size)
                var values = try Resampler.linear(
                    whole.logits(channel), to: near, outside: Self.backgroundLogit
                ).values
                if let detail {
                    let fine = try Resampler.linear(detail.logits(channel), to: near, outside: Self.nowhere).values
                    for index in values.indices where fine[index] != Self.nowhere { values[index] = fine[index] }
                }
                let temperature = package.temperatures[region] ?? 1
                for index in values.indices { values[index] = Self.probability(values[index] / temperature) }
                map.paste(Image(grid: near, values: values), at: box)
            }
            return (region, try Resampler.linear(map, to: grid))
        }
        return Dictionary(uniqueKeysWithValues: maps).nested()
    }

    private static func probability(_ logit: Float) -> Float { 1 / (1 + exp(-logit)) }
}

/// Work done concurrently for a window.
private enum WindowWork: Sendable {
    case ran([[Float]])
    case cut(Tensor?)
}

/// A stage's logits on its grid.
private struct StageOutput: Sendable {
    let grid: VoxelGrid
    /// The gate's mean weights; empty if the stage has no gate.
    let gate: [Double]
    private var values: [Float]
    /// The voxels covered by a window; `nil` for all.
    private let looked: [Bool]?

    init(grid: VoxelGrid, _ blend: WindowBlend) {
        self.grid = grid
        let result = blend.result
        (values, gate, looked) = (result.logits, result.gate, result.looked)
    }

    func logits(_ channel: Int) -> Image {
        let count = grid.size.count
        return Image(grid: grid, values: Array(values[channel * count..<(channel + 1) * count]))
    }

    /// Averages these logits, by `weight`, with an earlier stage's; keeps the earlier stage's where no window processed
    /// voxels.
    mutating func mix(_ channel: Int, with earlier: [Float], weight: Float) {
        let first = channel * earlier.count
        for index in earlier.indices {
            values[first + index] =
                looked?[index] == false
                ? earlier[index] : weight * values[first + index] + (1 - weight) * earlier[index]
        }
    }
}

extension [TumourRegion: Image] {
    /// Enhancing tumour ⊂ core ⊂ whole tumour: an inner region is never more probable than its outer one.
    fileprivate func nested() -> [TumourRegion: Image] {
        var maps = self
        for (outer, inner) in [(TumourRegion.wholeTumour, TumourRegion.tumourCore), (.tumourCore, .enhancingTumour)] {
            guard let around = maps[outer], var own = maps[inner] else { continue }
            for index in own.values.indices { own.values[index] = Swift.min(own.values[index], around.values[index]) }
            maps[inner] = own
        }
        return maps
    }
}
