import Basics
import Imaging

extension ModelSegmenter {
    /// Makes the brain the foreground of a head with its skull, if the package has a network that finds it.
    ///
    /// The network's input is the whole head at its spacing, as z-scores of the head's voxels (keep in sync with
    /// `training/brainmask/masking.py`).
    func withoutSkull(_ prepared: PreparedStudy, control: WorkControl) throws -> PreparedStudy {
        guard prepared.foreground.brainMask == .none, let stage = package.brain, let brainNetwork else {
            return prepared
        }
        control.report("Finding the brain", 0)
        let head = prepared.foreground.mask.grid
        let input = try NetworkInput(
            prepared, on: stage.grid(around: prepared), stage, package, isMasked: false, control: control)
        let found = try brainNetwork.run(
            [("images", input.images), ("availability", input.availability)], outputs: stage.outputs,
            isCancelled: control.isCancelled)
        guard let values = found.first, values.count == input.grid.size.count else {
            throw ImagingError(
                .invalidModel, "The package's brain network returned another shape than its model.json describes.")
        }
        let logits = try Resampler.linear(
            Image(grid: input.grid, values: values), to: head, outside: Self.backgroundLogit)
        let brain = try Foreground(brain: logits)
        guard let given = try prepared.foreground.given(by: brain) else {
            return try PreparedStudy(prepared.study, brain)
        }
        let stripped = try prepared.study.images.mapValues {
            try $0.strippingBackground(
                within: given.mask, around: SeriesBackground(of: $0) ?? SeriesBackground(level: 0))
        }
        return try PreparedStudy(Study(images: stripped), given)
    }
}
