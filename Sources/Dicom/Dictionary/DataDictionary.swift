/// The data dictionary of PS3.6: VR and keyword of each attribute.
package struct DataDictionary: Sendable {
    package struct Entry: Equatable, Sendable {
        /// More than one where the VR depends on other attributes, for example `US/SS`.
        package let representations: Substring
        package let keyword: Substring

        /// `nil` if it depends on other attributes.
        package var vr: VR? { VR(rawValue: String(representations)) }
    }

    /// Parsed at first use.
    package static let standard = DataDictionary()

    private let byTag: [Tag: Entry]
    private let repeating: [Repeater]

    private init() {
        var found: [Tag: Entry] = [:]
        found.reserveCapacity(6000)
        for line in Self.entries.split(separator: "\n") {
            let members = line.split(separator: ",")
            guard let group = members.first.flatMap({ UInt16($0, radix: 16) }) else { continue }
            for member in members.dropFirst() {
                let parts = member.split(separator: " ")
                guard parts.count == 3, let element = UInt16(parts[0], radix: 16) else { continue }
                found[Tag(group, element)] = Entry(representations: parts[1], keyword: parts[2])
            }
        }
        byTag = found
        repeating = Self.repeaters.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ")
            guard parts.count == 3 else { return nil }
            return Repeater(mask: parts[0], entry: Entry(representations: parts[1], keyword: parts[2]))
        }
    }

    /// The number of attributes, without repeating ones.
    package var count: Int { byTag.count }

    /// Returns `nil` for private and unknown attributes.
    package subscript(_ tag: Tag) -> Entry? {
        if let entry = byTag[tag] { return entry }
        guard !tag.isPrivate else { return nil }
        return repeating.first { tag.number & $0.fixedBits == $0.value }?.entry
    }
}

/// An attribute whose tag has digits that vary, for example `60xx3000`.
private struct Repeater: Sendable {
    let entry: DataDictionary.Entry
    /// 1 in the bits of the digits that do not vary.
    let fixedBits: UInt32
    let value: UInt32

    init(mask: Substring, entry: DataDictionary.Entry) {
        self.entry = entry
        fixedBits = mask.reduce(0) { $0 << 4 | ($1 == "x" ? 0 : 0xF) }
        value = mask.reduce(0) { $0 << 4 | UInt32($1.hexDigitValue ?? 0) }
    }
}
