import Foundation
import Imaging

/// A model package at work on the processor: whole-brain boxes at the package's spacing, one pass each.
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
        control.report("Preparing the images", 0)
        let input = try NetworkInput(study, package, control: control)
        control.report("Running the network", 0.3)
        let outputs = try network.run(
            [("images", input.images), ("availability", input.availability)], outputs: ["logits", "gating_weights"],
            isCancelled: control.isCancelled)
        control.report("Bringing the result to the images", 0.8)
        guard let reference = study.images[study.reference] else {
            throw ImagingError(.internalFault, "The study has no reference series.")
        }
        return TumourProbabilities(
            regions: try regions(outputs[0], input, on: reference.grid), gatingWeights: gate(outputs[1]),
            threshold: package.threshold, foreground: try Resampler.nearest(input.foreground.mask, to: reference.grid),
            isSkullStripped: input.foreground.isSkullStripped)
    }

    private func gate(_ weights: [Float]) -> [MRISequence: Double] {
        Dictionary(uniqueKeysWithValues: zip(package.sequences, weights.map(Double.init)))
    }

    /// Logits are interpolated in RAS, where training measured them, and only then become probabilities.
    private func regions(
        _ logits: [Float], _ input: NetworkInput, on grid: VoxelGrid
    ) throws -> [TumourRegion: Image] {
        let count = input.grid.size.count
        guard logits.count == count * package.regions.count else {
            throw ImagingError(
                .invalidModel, "The package's network returned another shape than its model.json describes.")
        }
        let oriented = grid.rearranged(AxisRearrangement(from: grid.orientation, to: .ras))
        var maps: [TumourRegion: Image] = [:]
        for (channel, region) in package.regions.enumerated() {
            let own = Image(grid: input.grid, values: Array(logits[channel * count..<(channel + 1) * count]))
            var map = try Resampler.linear(own, to: oriented, outside: Self.backgroundLogit)
            for index in map.values.indices { map.values[index] = 1 / (1 + exp(-map.values[index])) }
            maps[region] = try Resampler.linear(map, to: grid)
        }
        return maps.nested()
    }
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
