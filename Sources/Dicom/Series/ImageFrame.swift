import Foundation

/// One slice: a single-frame file, or a frame of a multi-frame file, without its pixels.
package struct ImageFrame: Sendable {
    /// How stored values become values of the modality (PS3.3 §C.11.1).
    struct Scale: Equatable, Sendable {
        var slope = 1.0
        var intercept = 0.0
        /// Philips: measured values are displayed ones divided by slope × this.
        var privateSlope: Double?

        func value(_ stored: Int) -> Double {
            let displayed = Double(stored) * slope + intercept
            guard let privateSlope else { return displayed }
            return displayed / (slope * privateSlope)
        }
    }

    package let file: URL
    /// From 0.
    package let index: Int
    /// Whether the file states its frames in functional groups.
    let isOfMultiFrame: Bool
    package let sopClassUID: String
    package let sopInstanceUID: String
    package let attributes: SeriesAttributes
    package let instanceNumber: Int?
    package let acquisitionNumber: Int?
    package let rows: Int
    package let columns: Int
    /// The centre of the first pixel.
    package let position: LPSVector?
    /// The direction of a row, that is towards the next column.
    package let rowDirection: LPSVector?
    package let columnDirection: LPSVector?
    /// mm between rows, then between columns.
    package let pixelSpacing: [Double]
    let scale: Scale

    /// The frames of an MR image file that was read up to its pixels.
    ///
    /// - Throws: `DicomError` if the file is not an MR image.
    package static func frames(of file: DicomFile, at url: URL) throws -> [ImageFrame] {
        let dataSet = file.dataSet
        guard let modality = dataSet.string(.modality) else {
            throw DicomError(.unsupported, "The file states no modality.", tag: .modality)
        }
        guard modality == "MR" else {
            throw DicomError(.unsupported, "The modality is \(modality.printable), not MR.", tag: .modality)
        }
        guard dataSet.integer(.rows) != nil, dataSet.integer(.columns) != nil else {
            throw DicomError(.unsupported, "The file contains no image.", tag: .rows)
        }
        guard dataSet.string(.seriesInstanceUID) != nil else {
            throw DicomError(.damaged, "The image states no series.", tag: .seriesInstanceUID)
        }
        let shared = dataSet.items(.sharedFunctionalGroupsSequence).first
        let own = dataSet.items(.perFrameFunctionalGroupsSequence)
        let count = dataSet.integer(.numberOfFrames) ?? 1
        guard count > 1 || !own.isEmpty else { return [ImageFrame(dataSet, [dataSet], groups: [], at: url, index: 0)] }
        guard own.count == count else {
            throw DicomError(
                .unsupported, "The image has \(count) frames, but states the position of \(own.count).",
                tag: .perFrameFunctionalGroupsSequence)
        }
        return own.enumerated().map { index, frame in
            let groups = [frame, shared].compactMap { $0 }
            return ImageFrame(dataSet, groups, groups: groups, at: url, index: index)
        }
    }

    /// - Parameters:
    ///   - places: where to look for macros, the nearest first.
    ///   - groups: the functional groups; empty for a single-frame image, whose attributes are not in macros.
    private init(_ dataSet: DataSet, _ places: [DataSet], groups: [DataSet], at url: URL, index: Int) {
        func values(_ tag: Tag, _ macro: Tag) -> [Double] {
            if groups.isEmpty { return dataSet.reals(tag) }
            return places.lazy.compactMap { $0.items(macro).first?.reals(tag) }.first ?? dataSet.reals(tag)
        }
        file = url
        self.index = index
        isOfMultiFrame = !groups.isEmpty
        sopClassUID = dataSet.string(.sopClassUID) ?? ""
        sopInstanceUID = dataSet.string(.sopInstanceUID) ?? ""
        attributes = SeriesAttributes(dataSet, groups: groups)
        instanceNumber = groups.isEmpty ? dataSet.integer(.instanceNumber) : index + 1
        acquisitionNumber = dataSet.integer(.acquisitionNumber)
        rows = dataSet.integer(.rows) ?? 0
        columns = dataSet.integer(.columns) ?? 0
        position = LPSVector(values(.imagePositionPatient, .planePositionSequence))
        let directions = values(.imageOrientationPatient, .planeOrientationSequence)
        rowDirection = LPSVector(directions.prefix(3))
        columnDirection = LPSVector(directions.dropFirst(3))
        pixelSpacing = values(.pixelSpacing, .pixelMeasuresSequence)
        var scale = Scale()
        if let slope = values(.rescaleSlope, .pixelValueTransformationSequence).first, slope != 0 {
            scale.slope = slope
            scale.intercept = values(.rescaleIntercept, .pixelValueTransformationSequence).first ?? 0
        }
        if dataSet.string(.philipsImagingCreator) == "Philips MR Imaging DD 001" {
            scale.privateSlope = dataSet.philipsSlope
        }
        self.scale = scale
    }
}

extension DataSet {
    /// The private element is FL; in implicit VR its bytes come without one.
    fileprivate var philipsSlope: Double? {
        guard let element = self[.philipsScaleSlope] else { return nil }
        let value = DataSet([element.vr == .unknown ? element.with(.float) : element]).real(.philipsScaleSlope)
        return value.flatMap { $0 > 0 ? $0 : nil }
    }
}
