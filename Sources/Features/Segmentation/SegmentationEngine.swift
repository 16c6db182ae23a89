import Basics
import Foundation
import Imaging

/// The imaging pipeline with its model and file writers, kept loaded in a worker.
package struct SegmentationEngine: Sendable {
    /// Writes the study's files below `folder`; blocks while it works.
    package typealias Run =
        @Sendable (_ sources: [MRISequence: any SeriesSource], _ folder: URL, WorkControl) throws -> WrittenStudy

    package let model: ModelIdentity
    let run: Run

    package init(model: ModelIdentity, run: @escaping Run) {
        self.model = model
        self.run = run
    }

    package init(_ pipeline: SegmentationPipeline, _ writer: StudyWriter) {
        self.init(model: pipeline.model) { sources, folder, control in
            try writer.write(pipeline.run(sources, control: control), to: folder, control: control)
        }
    }
}

/// The engines that a worker can run, loaded on demand.
package struct SegmentationEngines: Sendable {
    /// The engine of the model with this digest; `nil` for the operator's default. Throws `ImagingError(.invalidModel)`
    /// if it is not installed; blocks while it loads.
    let engine: @Sendable (_ digest: String?) throws -> SegmentationEngine

    package init(_ engine: @escaping @Sendable (_ digest: String?) throws -> SegmentationEngine) {
        self.engine = engine
    }

    /// Only this model.
    package init(only engine: SegmentationEngine) {
        self.init { digest in
            guard digest == nil || digest == engine.model.digest else { throw Self.notInstalled }
            return engine
        }
    }

    package static let notInstalled = ImagingError(
        .invalidModel, "The model that was asked for is not installed in the worker.")
}
