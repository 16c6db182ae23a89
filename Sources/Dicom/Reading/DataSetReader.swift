/// Reads data sets (PS3.5 §7). Nothing is read beyond the bytes, and `DicomLimits` bound what is kept.
struct DataSetReader {
    private var reader: ByteReader
    private let limits: DicomLimits
    private var count = 0

    init(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool = false, limits: DicomLimits) {
        reader = ByteReader(bytes)
        reader.isBigEndian = isBigEndian
        self.limits = limits
    }

    /// The place of the next element.
    var offset: Int { reader.offset }

    /// Reads to the end, or until an element for which `stop` returns true.
    mutating func read(isImplicitVR: Bool, until stop: (Tag) -> Bool = { _ in false }) throws -> DataSet {
        let scope = Scope(isImplicitVR: isImplicitVR, characterSet: .standard, depth: 0, hasDelimiter: false)
        var found = try elements(in: scope, until: stop)
        found.resolveAmbiguousVRs()
        return found
    }

    /// What applies to the elements of one data set.
    private struct Scope {
        var isImplicitVR: Bool
        var characterSet: CharacterSet
        let depth: Int
        /// Whether an item delimitation ends it.
        let hasDelimiter: Bool
    }

    private mutating func elements(in outer: Scope, until stop: (Tag) -> Bool = { _ in false }) throws -> DataSet {
        var scope = outer
        scope.isImplicitVR = ElementHeader.isImplicit(reader, assumed: scope.isImplicitVR)
        var found: [DataElement] = []
        while reader.remaining > 0 {
            guard let header = ElementHeader(reader, isImplicitVR: scope.isImplicitVR) else {
                if scope.depth == 0, isPaddingOnly() { break }
                throw DicomError(.damaged, "The file ends within the header of an element.", offset: reader.offset)
            }
            if header.tag == .itemDelimitation, scope.hasDelimiter {
                reader.skip(header.size)
                return DataSet(found, characterSet: scope.characterSet)
            }
            guard header.tag.group != Tag.item.group else {
                throw DicomError(
                    .damaged, "A delimiter is where an element is expected.", tag: header.tag, offset: reader.offset)
            }
            if stop(header.tag) { break }
            try countOne(header.tag)
            let element = try element(header, in: scope)
            if element.tag == .specificCharacterSet { scope.characterSet = CharacterSet(element) }
            found.append(element)
        }
        guard !scope.hasDelimiter else {
            throw DicomError(.damaged, "The file ends within an item of a sequence.", offset: reader.offset)
        }
        return DataSet(found, characterSet: scope.characterSet)
    }

    private mutating func element(_ header: ElementHeader, in scope: Scope) throws -> DataElement {
        let start = reader.offset
        reader.skip(header.size)
        let entry = header.vr == nil || header.vr == .unknown ? DataDictionary.standard[header.tag] : nil
        guard let length = header.length else { return try undefinedLength(header, entry, in: scope) }
        let vr = vr(of: header, entry)
        guard let bytes = reader.take(length) else {
            throw DicomError(
                .damaged, "The value has \(length) bytes, of which the file has \(reader.remaining).", tag: header.tag,
                offset: start)
        }
        guard vr == .sequence else {
            return DataElement(header.tag, vr, .bytes(bytes), isBigEndian: reader.isBigEndian)
        }
        let outer = reader
        defer { reader = outer }
        reader = ByteReader(reader.bytes[..<bytes.endIndex])
        reader.isBigEndian = outer.isBigEndian
        reader.skip(bytes.startIndex - reader.bytes.startIndex)
        let items = try items(header.tag, in: scope, hasDelimiter: false)
        return DataElement(header.tag, .sequence, .items(items), isBigEndian: reader.isBigEndian)
    }

    /// The stated VR; UN and a missing one are looked up.
    private func vr(of header: ElementHeader, _ entry: DataDictionary.Entry?) -> VR {
        if let vr = header.vr, vr != .unknown { return vr }
        // PS3.5 §7.2: group lengths are UL.
        if entry == nil, header.tag.element == 0 { return .unsignedLong }
        // UN of more than 65534 bytes may be what fits no other VR (PS3.5 §6.2.2).
        if header.vr == .unknown, header.length ?? 0 >= 0xFFFF { return .unknown }
        return entry?.vr ?? .unknown
    }

    private mutating func undefinedLength(
        _ header: ElementHeader, _ entry: DataDictionary.Entry?, in scope: Scope
    ) throws -> DataElement {
        let isSequence =
            header.vr == .sequence || header.vr == .unknown
            || (header.vr == nil && (entry.map { $0.vr == .sequence } ?? (reader.peekTag() == .item)))
        if isSequence {
            let items = try items(header.tag, in: scope, hasDelimiter: true)
            return DataElement(header.tag, .sequence, .items(items), isBigEndian: reader.isBigEndian)
        }
        let parts = try fragments(header.tag)
        return DataElement(
            header.tag, header.vr ?? entry?.vr ?? .otherByte,
            .fragments(offsets: parts.first ?? [], Array(parts.dropFirst())), isBigEndian: reader.isBigEndian)
    }

    private mutating func items(_ tag: Tag, in scope: Scope, hasDelimiter: Bool) throws -> [DataSet] {
        guard scope.depth < limits.depth else {
            throw DicomError(
                .tooLarge, "Sequences are nested more than \(limits.depth) deep.", tag: tag, offset: reader.offset)
        }
        var found: [DataSet] = []
        while reader.remaining > 0 {
            guard let header = ElementHeader(reader, isImplicitVR: true),
                header.tag == .item || (hasDelimiter && header.tag == .sequenceDelimitation)
            else {
                throw DicomError(.damaged, "The sequence has no item here.", tag: tag, offset: reader.offset)
            }
            try countOne(tag)
            let start = reader.offset
            reader.skip(header.size)
            if header.tag == .sequenceDelimitation { return found }
            let inner = Scope(
                isImplicitVR: scope.isImplicitVR, characterSet: scope.characterSet, depth: scope.depth + 1,
                hasDelimiter: header.length == nil)
            found.append(try item(tag, header.length, in: inner, start: start))
        }
        guard !hasDelimiter else {
            throw DicomError(.damaged, "The file ends within a sequence.", tag: tag, offset: reader.offset)
        }
        return found
    }

    private mutating func item(_ tag: Tag, _ length: Int?, in scope: Scope, start: Int) throws -> DataSet {
        guard let length else { return try elements(in: scope) }
        guard length <= reader.remaining else {
            throw DicomError(
                .damaged, "The item has \(length) bytes, of which the sequence has \(reader.remaining).", tag: tag,
                offset: start)
        }
        let end = reader.end
        reader.end = reader.position + length
        let found = try elements(in: scope)
        reader.end = end
        return found
    }

    private mutating func fragments(_ tag: Tag) throws -> [ArraySlice<UInt8>] {
        var found: [ArraySlice<UInt8>] = []
        while let header = ElementHeader(reader, isImplicitVR: true) {
            try countOne(tag)
            let start = reader.offset
            reader.skip(header.size)
            if header.tag == .sequenceDelimitation { return found }
            guard header.tag == .item, let length = header.length, let bytes = reader.take(length) else {
                throw DicomError(.damaged, "A fragment of the value is damaged.", tag: tag, offset: start)
            }
            found.append(bytes)
        }
        throw DicomError(.damaged, "The file ends within the fragments of a value.", tag: tag, offset: reader.offset)
    }

    private mutating func countOne(_ tag: Tag) throws {
        count += 1
        guard count <= limits.elements else {
            throw DicomError(
                .tooLarge, "The file has more than \(limits.elements) elements.", tag: tag, offset: reader.offset)
        }
    }

    /// Some writers pad files with zeros.
    private func isPaddingOnly() -> Bool {
        (0..<reader.remaining).allSatisfy { reader.byte(ahead: $0) == 0 }
    }
}
