import Foundation

/// A binary segmentation of a series (PS3.3 §A.51) on the series' own slices.
package struct SegmentationObject {
    /// What made the segmentation.
    package struct Equipment: Sendable {
        package let model: String
        package let version: String
        /// The network's name and version.
        package let algorithm: String

        package init(model: String, version: String, algorithm: String) {
            self.model = model
            self.version = version
            self.algorithm = algorithm
        }
    }

    private static let sopClass = "1.2.840.10008.5.1.4.1.1.66.4"

    let series: AssembledSeries
    let grid: LPSGrid
    private let labels: [UInt8]
    private let equipment: Equipment
    /// A file of the series, for patient and study.
    private let source: DataSet

    /// - Parameter labels: in the order of `SeriesVolume.values`.
    /// - Throws: `DicomError` if the series forms no volume of this size or its files can't be read.
    package init(of series: AssembledSeries, labels: [UInt8], equipment: Equipment) throws {
        self.series = series
        self.labels = labels
        self.equipment = equipment
        grid = try series.grid.get()
        guard labels.count == grid.voxelCount, let file = series.frames.first?.file,
            let bytes = try? Data(contentsOf: file)
        else { throw DicomError(.damaged, "The segmentation does not match the series.") }
        source = try DicomFile([UInt8](bytes), until: .floatPixelData).dataSet
    }

    /// A new instance, created now.
    package func dataSet(at date: Date = Date()) -> DataSet {
        let frames = filledFrames
        var dataSet = DataSet(patientAndStudy + identity(at: date) + dimensions + image(frames.count))
        dataSet.set(
            DataElement(.segmentSequence, items: Segment.brats.enumerated().map { segment($1, number: $0 + 1) }))
        dataSet.set(DataElement(.sharedFunctionalGroupsSequence, items: [sharedGroups]))
        dataSet.set(DataElement(.perFrameFunctionalGroupsSequence, items: frames.map(groups)))
        dataSet.set(DataElement(.referencedSeriesSequence, items: [referencedSeries]))
        dataSet.set(DataElement(.pixelData, .otherByte, .bytes(pixels(frames)[...])))
        return dataSet
    }

    /// A segment on a slice.
    struct Frame {
        /// From 1, and the index in `Segment.brats` plus 1.
        let segment: Int
        let slice: Int
    }

    /// Empty frames are left out; a segmentation without any voxel has one, since there must be one.
    private var filledFrames: [Frame] {
        let size = grid.rows * grid.columns
        var found = [[Bool]](repeating: [Bool](repeating: false, count: 256), count: grid.slices)
        for slice in 0..<grid.slices {
            for label in labels[slice * size..<(slice + 1) * size] { found[slice][Int(label)] = true }
        }
        let filled = Segment.brats.enumerated().flatMap { index, segment in
            (0..<grid.slices).filter { found[$0][Int(segment.label)] }.map { Frame(segment: index + 1, slice: $0) }
        }
        return filled.isEmpty ? [Frame(segment: 1, slice: 0)] : filled
    }

    /// The source's text with the character set that it is in; everything written here is ASCII.
    private var patientAndStudy: [DataElement] {
        // Type 2 attributes must be there, if only empty.
        let required: [(Tag, VR)] = [
            (.patientName, .personName), (.patientID, .longString), (.patientBirthDate, .date),
            (.patientSex, .codeString),
            (.studyInstanceUID, .uniqueIdentifier), (.studyDate, .date), (.studyTime, .time), (.studyID, .shortString),
            (.accessionNumber, .shortString), (.referringPhysicianName, .personName),
        ]
        let copied = required.map { tag, vr in source[tag] ?? DataElement(tag, vr, .bytes([])) }
        let optional = [Tag.specificCharacterSet].compactMap { source[$0] }
        return copied + optional
    }

    private func identity(at date: Date) -> [DataElement] {
        let (day, time) = Self.text(date)
        let number = series.attributes.seriesNumber ?? 0
        // Without one, the segmentation's images are still in one space.
        let frameOfReference = series.attributes.frameOfReferenceUID ?? UID.generated()
        return [
            DataElement(.sopClassUID, .uniqueIdentifier, Self.sopClass),
            DataElement(.sopInstanceUID, .uniqueIdentifier, UID.generated()),
            DataElement(.seriesInstanceUID, .uniqueIdentifier, UID.generated()),
            DataElement(.modality, .codeString, "SEG"),
            DataElement(.seriesNumber, .integerString, integers: [9000 + min(max(number, 0), 1_000_000)]),
            DataElement(.seriesDescription, .longString, "Tumour segmentation, series \(number)"),
            DataElement(.instanceNumber, .integerString, integers: [1]),
            DataElement(.frameOfReferenceUID, .uniqueIdentifier, frameOfReference),
            DataElement(.positionReferenceIndicator, .longString, .bytes([])),
            DataElement(.manufacturer, .longString, "NeuroAI"),
            DataElement(.manufacturerModelName, .longString, equipment.model),
            DataElement(.deviceSerialNumber, .longString, "1"),
            DataElement(.softwareVersions, .longString, equipment.version),
            DataElement(.contentDate, .date, day), DataElement(.contentTime, .time, time),
            DataElement(.contentLabel, .codeString, "TUMOUR"),
            DataElement(.contentDescription, .longString, "Brain tumour, automatic"),
            DataElement(.contentCreatorName, .personName, "NeuroAI"),
        ]
    }

    private static func text(_ date: Date) -> (day: String, time: String) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
        func digits(_ value: Int?, _ count: Int) -> String {
            let text = String(value ?? 0)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return (
            digits(parts.year, 4) + digits(parts.month, 2) + digits(parts.day, 2),
            digits(parts.hour, 2) + digits(parts.minute, 2) + digits(parts.second, 2)
        )
    }

    private func image(_ frames: Int) -> [DataElement] {
        [
            DataElement(.imageType, .codeString, "DERIVED", "PRIMARY"),
            DataElement(.samplesPerPixel, .unsignedShort, integers: [1]),
            DataElement(.photometricInterpretation, .codeString, "MONOCHROME2"),
            DataElement(.numberOfFrames, .integerString, integers: [frames]),
            DataElement(.rows, .unsignedShort, integers: [grid.rows]),
            DataElement(.columns, .unsignedShort, integers: [grid.columns]),
            DataElement(.bitsAllocated, .unsignedShort, integers: [1]),
            DataElement(.bitsStored, .unsignedShort, integers: [1]),
            DataElement(.highBit, .unsignedShort, integers: [0]),
            DataElement(.pixelRepresentation, .unsignedShort, integers: [0]),
            DataElement(.lossyImageCompression, .codeString, "00"),
            DataElement(.segmentationType, .codeString, "BINARY"),
            DataElement(.segmentsOverlap, .codeString, "NO"),
        ]
    }

    private func segment(_ segment: Segment, number: Int) -> DataSet {
        DataSet([
            DataElement(.segmentNumber, .unsignedShort, integers: [number]),
            DataElement(.segmentLabel, .longString, segment.name),
            DataElement(.segmentAlgorithmType, .codeString, "AUTOMATIC"),
            DataElement(.segmentAlgorithmName, .longString, equipment.algorithm),
            DataElement(.segmentedPropertyCategoryCodeSequence, items: [Code.abnormalStructure.item]),
            DataElement(.segmentedPropertyTypeCodeSequence, items: [segment.type.item]),
            DataElement(.anatomicRegionSequence, items: [Code.brain.item]),
            DataElement(.recommendedDisplayCIELabValue, .unsignedShort, integers: segment.colour),
        ])
    }

    /// PS3.5 §8.1.1: bits follow each other from the lowest of a byte, also across frames.
    private func pixels(_ frames: [Frame]) -> [UInt8] {
        let size = grid.rows * grid.columns
        var bytes = [UInt8](repeating: 0, count: (frames.count * size + 7) / 8)
        for (index, frame) in frames.enumerated() {
            let label = Segment.brats[frame.segment - 1].label
            for place in 0..<size where labels[frame.slice * size + place] == label {
                let bit = index * size + place
                bytes[bit / 8] |= 1 << UInt8(bit % 8)
            }
        }
        return bytes
    }
}
