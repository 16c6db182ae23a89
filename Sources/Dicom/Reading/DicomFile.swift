/// A DICOM file (PS3.10 §7), also without preamble or without file meta information.
package struct DicomFile: Sendable {
    /// Group 0002; empty if the file has none.
    package let meta: DataSet
    package let transferSyntax: TransferSyntax
    package let dataSet: DataSet

    /// - Parameter stop: the first tag that is not read; its place in a deflated file is behind the whole inflated data set.
    /// - Throws: `DicomError`.
    package init(_ bytes: [UInt8], limits: DicomLimits = .standard, until stop: Tag? = nil) throws {
        guard bytes.count <= limits.fileBytes else {
            throw DicomError(.tooLarge, "The file has more than \(limits.fileBytes >> 20) MiB.")
        }
        let start = Self.hasPreamble(bytes) ? 132 : 0
        if start == 0 { try Self.checkFirstElement(bytes) }
        var metaReader = DataSetReader(bytes[start...], limits: limits)
        let hasMeta = ByteReader(bytes[start...]).peek16() == 2
        meta = hasMeta ? try metaReader.read(isImplicitVR: false, until: { $0.group != 2 }) : DataSet()
        let rest = bytes[metaReader.offset...]
        let stated = meta.string(.transferSyntaxUID).map { TransferSyntax(uid: $0) }
        transferSyntax = stated ?? Self.guess(rest)
        var reader = DataSetReader(
            transferSyntax.isDeflated ? try Inflater.inflate(rest, limit: limits.inflatedBytes)[...] : rest,
            isBigEndian: transferSyntax.isBigEndian, limits: limits)
        dataSet = try reader.read(
            isImplicitVR: transferSyntax.isImplicitVR, until: { tag in stop.map { tag >= $0 } ?? false })
    }

    private static func hasPreamble(_ bytes: [UInt8]) -> Bool {
        bytes.count >= 132 && bytes[128..<132].elementsEqual("DICM".utf8)
    }

    /// A file without preamble is one whose first element is of a group that can begin a file and fits into it.
    private static func checkFirstElement(_ bytes: [UInt8]) throws {
        let syntax = guess(bytes[...])
        var reader = ByteReader(bytes[...])
        reader.isBigEndian = syntax.isBigEndian
        guard let header = ElementHeader(reader, isImplicitVR: syntax.isImplicitVR), header.tag.group <= 8,
            !header.tag.isPrivate, DataDictionary.standard[header.tag] != nil || header.tag.element == 0,
            header.length ?? 0 <= bytes.count
        else { throw DicomError(.notDicom, "This is not a DICOM file.") }
    }

    /// The syntax of a data set that does not state it: a VR after the first tag means explicit VR, and a group below 0100 that reads as 0400
    /// and above means big endian.
    private static func guess(_ bytes: ArraySlice<UInt8>) -> TransferSyntax {
        let reader = ByteReader(bytes)
        guard let first = reader.byte(ahead: 4), let second = reader.byte(ahead: 5), VR(first, second) != nil,
            let group = reader.peek16()
        else { return .implicitLittleEndian }
        return group >= 0x400 ? .explicitBigEndian : .explicitLittleEndian
    }
}
