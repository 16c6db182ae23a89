/// Writes a data set as a DICOM file (PS3.10 §7) in explicit VR little endian, or with encapsulated pixels as they are.
package enum DicomFileWriter {
    /// Identifies this implementation (PS3.7 §D.3.3.2).
    private static let implementationClassUID = "2.25.231827924921628888616406076352348724057"
    private static let implementationVersionName = "NEUROAI"

    /// - Parameter syntax: explicit VR little endian, or the syntax of the data set's encapsulated pixels.
    /// - Throws: `DicomError` if the data set lacks SOP Class or SOP Instance UID or is longer than the format allows.
    package static func bytes(_ dataSet: DataSet, syntax: TransferSyntax = .explicitLittleEndian) throws -> [UInt8] {
        guard let sopClass = dataSet.string(.sopClassUID), let instance = dataSet.string(.sopInstanceUID) else {
            throw DicomError(.damaged, "The data set has no SOP Class UID or no SOP Instance UID.")
        }
        guard !syntax.isImplicitVR, !syntax.isBigEndian, !syntax.isDeflated else {
            throw DicomError(.unsupported, "Files are not written in \(syntax.name).")
        }
        let meta = try encoded(
            DataSet([
                DataElement(.fileMetaInformationVersion, .otherByte, .bytes([0, 1])),
                DataElement(.mediaStorageSOPClassUID, .uniqueIdentifier, sopClass),
                DataElement(.mediaStorageSOPInstanceUID, .uniqueIdentifier, instance),
                DataElement(.transferSyntaxUID, .uniqueIdentifier, syntax.uid),
                DataElement(.implementationClassUID, .uniqueIdentifier, implementationClassUID),
                DataElement(.implementationVersionName, .shortString, implementationVersionName),
            ]))
        let length = try encoded(
            DataElement(.fileMetaInformationGroupLength, .unsignedLong, integers: [meta.count]))
        return [UInt8](repeating: 0, count: 128) + Array("DICM".utf8) + length + meta + (try encoded(dataSet))
    }

    /// Group lengths are retired and would be wrong, so they are left out.
    private static func encoded(_ dataSet: DataSet) throws -> [UInt8] {
        var bytes: [UInt8] = []
        for element in dataSet.elements where element.tag.element != 0 { bytes += try encoded(element) }
        return bytes
    }

    private static func encoded(_ element: DataElement) throws -> [UInt8] {
        switch element.content {
        case .bytes:
            var value = element.littleEndianBytes
            if value.count % 2 == 1 { value.append(element.vr.padding) }
            return try header(element, length: value.count) + value
        case .items(let items):
            var value: [UInt8] = []
            for item in items {
                let content = try encoded(item)
                value += tag(.item) + (try length(content.count, element.tag)) + content
            }
            return try header(element, length: value.count) + value
        case .fragments(let offsets, let parts):
            var bytes = tag(element.tag) + element.vr.code + [0, 0, 0xFF, 0xFF, 0xFF, 0xFF]
            for part in [offsets] + parts {
                let padding = [UInt8](repeating: 0, count: part.count % 2)
                bytes += tag(.item) + (try length(part.count + padding.count, element.tag)) + part + padding
            }
            return bytes + tag(.sequenceDelimitation) + [0, 0, 0, 0]
        }
    }

    private static func header(_ element: DataElement, length count: Int) throws -> [UInt8] {
        // PS3.5 §6.2.2: a value that is too long for its VR is UN.
        let vr = !element.vr.hasLongLength && count > 0xFFFE ? VR.unknown : element.vr
        let start = tag(element.tag) + vr.code
        guard vr.hasLongLength else { return start + [UInt8(count & 0xFF), UInt8(count >> 8)] }
        return start + [0, 0] + (try length(count, element.tag))
    }

    private static func tag(_ tag: Tag) -> [UInt8] {
        [tag.group, tag.element].flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    }

    private static func length(_ count: Int, _ tag: Tag) throws -> [UInt8] {
        guard count < Int(UInt32.max) else {
            throw DicomError(.tooLarge, "The value is longer than the format allows.", tag: tag)
        }
        return (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
    }
}
