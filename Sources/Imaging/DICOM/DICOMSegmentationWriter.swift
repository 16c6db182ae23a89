import Dicom
import Foundation

/// Writes `<sequence>/segmentation.dcm` for series in DICOM: the labels of `<sequence>/segmentation.nii.gz`, which
/// `NIfTIMaskWriter` has written, as a segmentation that refers to the series' images.
///
/// Every file is an instance of its own with the time of its creation, so that the manifest, which must be reproducible,
/// does not contain it; it contains the labels.
package struct DICOMSegmentationWriter: StudyFileWriter {
    package let stage = "dicom"
    private let sources: [MRISequence: DICOMSource]

    package init(_ sources: [MRISequence: DICOMSource]) {
        self.sources = sources
    }

    package func fileNames(of sequences: [MRISequence]) -> [String] {
        sequences.map { "\($0.rawValue)/segmentation.dcm" }
    }

    package func write(_ output: StudyOutput, to folder: URL) throws -> [OutputFile] {
        let equipment = SegmentationObject.Equipment(
            model: "NeuroAI", version: output.codeVersion,
            algorithm: String("\(output.model.name) \(output.model.version)".prefix(64)))
        _ = try sources.sorted { $0.key < $1.key }.concurrentMap { sequence, source in
            let place = folder.appendingPathComponent(sequence.rawValue)
            let labels = try NIfTIFile.readLabels(place.appendingPathComponent("segmentation.nii.gz"))
            let bytes = try ImagingError.fromDICOM {
                let object = try SegmentationObject(of: source.series, labels: labels.values, equipment: equipment)
                return try DicomFileWriter.bytes(object.dataSet())
            }
            try Data(bytes).write(to: place.appendingPathComponent("segmentation.dcm"))
        }
        return []
    }
}
