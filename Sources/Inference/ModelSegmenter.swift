import Foundation
import Imaging

/// A model package at work on the processor: one pass over the brain's box, or windows over it, as the package says.
package struct ModelSegmenter: Segmenter {
    package let model: ModelIdentity
    package let device = "cpu"
    private let package: ModelPackage
    private let network: OpenVINONetwork

    /// What logits are beyond the network's box: no tumour.
    private static let backgroundLogit: Float = -20

    /// Checks the package's digests and compiles its network, which stays in memory.
    ///
    /// - Throws: `ImagingError(.invalidModel)`.
    package init(_ package: ModelPackage) throws {
        self.package = package
        model = package.identity
        network = try OpenVINONetwork(package.network)
    }

    package func probabilities(of study: Study, control: WorkControl) throws -> TumourProbabilities {
        guard let reference = study.images[study.reference] else {
            throw ImagingError(.internalFault, "The study has no reference series.")
        }
        var clock = StageClock()
        control.report("Preparing the images", 0)
        let input = try NetworkInput(study, package, control: control)
        clock.lap("prepare")
        let found = try run(input, control: control.share(0.3...0.8))
        clock.lap("network")
        control.report("Bringing the result to the images", 0.8)
        let regions = try regions(found.logits, input, on: reference.grid)
        let foreground = try Resampler.nearest(input.foreground.mask, to: reference.grid)
        clock.lap("restore")
        return TumourProbabilities(
            regions: regions,
            gatingWeights: Dictionary(uniqueKeysWithValues: zip(package.sequences, found.gate)),
            threshold: package.threshold, foreground: foreground, isSkullStripped: input.foreground.isSkullStripped,
            stages: clock.stages)
    }

    /// Logits [3, k, j, i] on the input's grid and the gate's mean weights; the next window is cut while the network runs.
    private func run(_ input: NetworkInput, control: WorkControl) throws -> (logits: [Float], gate: [Double]) {
        let windows = Windows(over: input.grid.size, package.window)
        var blend = WindowBlend(windows, channels: package.regions.count, experts: package.sequences.count)
        var next = input.window(windows, at: windows.origins[0])
        for (number, origin) in windows.origins.enumerated() {
            control.report("Running the network", Double(number) / Double(windows.origins.count))
            let current = next
            let following = number + 1 < windows.origins.count ? windows.origins[number + 1] : nil
            let parts = try [true, false].concurrentMap { isRun -> WindowWork in
                guard isRun else { return .cut(following.map { input.window(windows, at: $0) }) }
                return .ran(
                    try network.run(
                        [("images", current), ("availability", input.availability)],
                        outputs: ["logits", "gating_weights"], isCancelled: control.isCancelled))
            }
            for part in parts {
                switch part {
                case .cut(let window): if let window { next = window }
                case .ran(let outputs): try blend.add(outputs[0], gate: outputs[1], seen: current, at: origin)
                }
            }
        }
        return blend.result
    }

    /// Logits are interpolated in RAS, where training measured them, and only then become probabilities.
    private func regions(
        _ logits: [Float], _ input: NetworkInput, on grid: VoxelGrid
    ) throws -> [TumourRegion: Image] {
        let count = input.grid.size.count
        let oriented = grid.rearranged(AxisRearrangement(from: grid.orientation, to: .ras))
        let box = oriented.box(covering: input.grid, margin: 1)
        let maps = try package.regions.enumerated().map { ($0, $1) }.concurrentMap { channel, region in
            let own = Image(grid: input.grid, values: Array(logits[channel * count..<(channel + 1) * count]))
            var map = Image(grid: oriented, filledWith: Self.probability(Self.backgroundLogit))
            if let box {
                let near = oriented.cropped(lower: box.lower, size: box.size)
                var values = try Resampler.linear(own, to: near, outside: Self.backgroundLogit).values
                for index in values.indices { values[index] = Self.probability(values[index]) }
                map.paste(Image(grid: near, values: values), at: box)
            }
            return (region, try Resampler.linear(map, to: grid))
        }
        return Dictionary(uniqueKeysWithValues: maps).nested()
    }

    private static func probability(_ logit: Float) -> Float { 1 / (1 + exp(-logit)) }
}

/// What happens side by side while a window is at work.
private enum WindowWork: Sendable {
    case ran([[Float]])
    case cut(Tensor?)
}

extension [TumourRegion: Image] {
    /// Enhancing tumour ⊂ core ⊂ whole tumour: an inner region is nowhere likelier than the one around it.
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
