import Features
import Foundation
import Imaging
import Inference
import Logging

extension ModelRegistry {
    /// The packages below `MODELS_ROOT` and the one in `SEGMENTATION_MODEL_PATH`, run by the runtimes of `Inference`.
    convenience init(_ settings: Settings, logger: Logger) {
        self.init(
            root: settings.modelsRoot, defaultFolder: settings.modelPath, logger: logger,
            read: { InstalledModel(try ModelPackage(folder: $0)) },
            load: { folder in
                let pipeline = try SegmentationPipeline.installed(settings, ModelPackage(folder: folder)) { reason in
                    logger.notice("the model runs on another device", metadata: ["reason": "\(reason)"])
                }
                return SegmentationEngine(pipeline, .default)
            })
    }
}

extension InstalledModel {
    fileprivate init(_ package: ModelPackage) {
        self.init(
            identity: package.identity, architecture: package.architecture, requiredSequences: package.required,
            measured: MRISequence.subsets.compactMap { sequences in
                package.measuredDice(with: sequences).map { Measurement(sequences: sequences, $0) }
            })
    }
}
