/// Tag, VR and length of an element as stored (PS3.5 §7.1).
struct ElementHeader {
    let tag: Tag
    /// `nil` if the encoding does not state it.
    let vr: VR?
    /// `nil` if a delimiter ends the value.
    let length: Int?
    /// The bytes of the header.
    let size: Int

    /// Reads without advancing. Some writers change to implicit VR inside explicit VR: bytes that are not two capital letters are not a VR.
    ///
    /// - Returns: `nil` if the bytes end within the header.
    init?(_ reader: ByteReader, isImplicitVR: Bool) {
        guard let tag = reader.peekTag(), let long = reader.peek32(ahead: 4) else { return nil }
        self.tag = tag
        guard !isImplicitVR, tag.group != Tag.item.group, let first = reader.byte(ahead: 4),
            let second = reader.byte(ahead: 5), Self.isCapital(first), Self.isCapital(second)
        else {
            vr = nil
            length = Self.defined(long)
            size = 8
            return
        }
        // An unknown VR is read with a length of 16 bits, as pydicom does.
        vr = VR(first, second) ?? .unknown
        if VR(first, second)?.hasLongLength == true {
            guard let long = reader.peek32(ahead: 8) else { return nil }
            length = Self.defined(long)
            size = 12
        } else {
            guard let short = reader.peek16(ahead: 6) else { return nil }
            length = Int(short)
            size = 8
        }
    }

    /// Whether the first element of a data set states no VR; `assumed` decides for an empty one.
    static func isImplicit(_ reader: ByteReader, assumed: Bool) -> Bool {
        guard let tag = reader.peekTag(), tag.group != Tag.item.group, let first = reader.byte(ahead: 4),
            let second = reader.byte(ahead: 5)
        else { return assumed }
        return !(isCapital(first) && isCapital(second))
    }

    private static func isCapital(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }

    private static func defined(_ length: UInt32) -> Int? { length == .max ? nil : Int(length) }
}
