import Dicom
import Foundation

/// An MR slice from attributes, without pixels.
struct SliceBuilder {
    var series = "1.2.3"
    var instance = UID.generated()
    var number = 1
    var position: [Double]? = [0, 0, 0]
    var orientation: [Double] = [1, 0, 0, 0, 1, 0]
    var echoTime = 10.0
    var extra: [DataElement] = []

    func frame() throws -> ImageFrame {
        var dataSet = DataSet([
            DataElement(.sopClassUID, .uniqueIdentifier, "1.2.840.10008.5.1.4.1.1.4"),
            DataElement(.sopInstanceUID, .uniqueIdentifier, instance),
            DataElement(.modality, .codeString, "MR"),
            DataElement(.seriesInstanceUID, .uniqueIdentifier, series),
            DataElement(.instanceNumber, .integerString, integers: [number]),
            DataElement(.echoTime, .decimalString, reals: [echoTime]),
            DataElement(.imageOrientationPatient, .decimalString, reals: orientation),
            DataElement(.pixelSpacing, .decimalString, reals: [1, 1]),
            DataElement(.rows, .unsignedShort, integers: [64]),
            DataElement(.columns, .unsignedShort, integers: [64]),
        ])
        if let position { dataSet.set(DataElement(.imagePositionPatient, .decimalString, reals: position)) }
        for element in extra { dataSet.set(element) }
        let file = try DicomFile(DicomFileWriter.bytes(dataSet))
        return try ImageFrame.frames(of: file, at: URL(fileURLWithPath: "/slice"))[0]
    }

    /// Slices at these places along the axial normal.
    static func stack(_ places: [Double], _ change: (Int, inout SliceBuilder) -> Void = { _, _ in }) throws
        -> [ImageFrame]
    {
        try places.enumerated().map { index, place in
            var slice = SliceBuilder()
            slice.position = [0, 0, place]
            slice.number = index + 1
            change(index, &slice)
            return try slice.frame()
        }
    }
}
