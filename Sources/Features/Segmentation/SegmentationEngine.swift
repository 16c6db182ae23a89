import Foundation
import Imaging

/// What the pipeline made of a study.
package struct SegmentationOutput: Sendable {
    package let result: SegmentationResult
    package let model: ModelIdentity
    /// JSON: digests of inputs, model, code version, parameters, stage times.
    package let manifest: String
    /// Names of PNG files in the run's folder.
    package let pictures: [String]

    package init(result: SegmentationResult, model: ModelIdentity, manifest: String, pictures: [String] = []) {
        self.result = result
        self.model = model
        self.manifest = manifest
        self.pictures = pictures
    }
}

/// The imaging pipeline with its model, kept warm in a worker.
package struct SegmentationEngine: Sendable {
    package let model: ModelIdentity
    /// Reads the series, writes the files that the result names below `folder`, blocks while it works.
    let run: @Sendable (_ series: [MRISequence: URL], _ folder: URL, WorkControl) throws -> SegmentationOutput

    package init(
        model: ModelIdentity,
        run: @escaping @Sendable ([MRISequence: URL], URL, WorkControl) throws -> SegmentationOutput
    ) {
        self.model = model
        self.run = run
    }
}

/// The engines that a worker can run, each loaded when it is first needed.
package struct SegmentationEngines: Sendable {
    /// The engine of the model with this digest; nil means the operator's default. Throws `ImagingError(.invalidModel)` where that
    /// is not installed, blocks while it loads.
    let engine: @Sendable (_ digest: String?) throws -> SegmentationEngine

    package init(_ engine: @escaping @Sendable (_ digest: String?) throws -> SegmentationEngine) {
        self.engine = engine
    }

    /// One model and no other.
    package init(only engine: SegmentationEngine) {
        self.init { digest in
            guard digest == nil || digest == engine.model.digest else { throw Self.notInstalled }
            return engine
        }
    }

    package static let notInstalled = ImagingError(
        .invalidModel, "The model that was asked for is not installed in the worker.")
}
