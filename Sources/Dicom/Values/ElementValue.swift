/// The value of an element in the type of its VR.
package enum ElementValue: Equatable, Sendable {
    case text([String])
    /// IS and the binary integers.
    case integers([Int])
    case unsignedVeryLong([UInt64])
    /// DS, FL, FD.
    case reals([Double])
    case tags([Tag])
    case names([PersonName])
    case items([DataSet])
    /// OB, OW and the like, UN, fragments, and values whose bytes are not of their VR; little endian.
    case bytes([UInt8])
}

extension DataElement {
    package func value(in characterSet: CharacterSet) -> ElementValue {
        switch vr {
        case .sequence: return .items(items)
        case .attributeTag: return tags.map(ElementValue.tags) ?? .bytes(littleEndianBytes)
        case .float: return fixed(width: 4) { Double(Float(bitPattern: UInt32(truncatingIfNeeded: $0))) }
        case .double: return fixed(width: 8) { Double(bitPattern: $0) }
        case .unsignedVeryLong:
            return words(width: 8).map(ElementValue.unsignedVeryLong) ?? .bytes(littleEndianBytes)
        case .unsignedShort, .unsignedLong: return integers { Int(truncatingIfNeeded: $0) }
        case .signedShort: return integers { Int(Int16(truncatingIfNeeded: $0)) }
        case .signedLong: return integers { Int(Int32(truncatingIfNeeded: $0)) }
        case .signedVeryLong: return integers { Int(Int64(truncatingIfNeeded: $0)) }
        case .integerString:
            return numbers(Self.wholeNumber).map(ElementValue.integers) ?? .text(texts(in: characterSet))
        case .decimalString: return numbers { Double($0) }.map(ElementValue.reals) ?? .text(texts(in: characterSet))
        case .personName: return .names(texts(in: characterSet).map(PersonName.init))
        default: return vr.isText ? .text(texts(in: characterSet)) : .bytes(littleEndianBytes)
        }
    }

    /// Text values without padding; a value of several lines is one value.
    package func texts(in characterSet: CharacterSet) -> [String] {
        guard !bytes.isEmpty else { return [] }
        let set = vr.usesCharacterSet ? characterSet : .standard
        let text = set.decode(bytes.trimmingPadding)
        guard vr.hasManyValues else { return [text] }
        return text.split(separator: "\\", omittingEmptySubsequences: false).map { value in
            // Leading spaces count in text, but not in numbers and titles.
            let isTrimmed = vr == .applicationEntity || vr == .decimalString || vr == .integerString
            let start = isTrimmed ? value.drop { $0 == " " } : value
            let end = start.unicodeScalars.last { $0 != " " && $0 != "\0" }
            guard end != nil else { return "" }
            var trimmed = start.unicodeScalars
            while let last = trimmed.last, last == " " || last == "\0" { trimmed.removeLast() }
            return String(Substring(trimmed))
        }
    }

    /// Bytes in little endian; empty for items, joined for fragments.
    package var littleEndianBytes: [UInt8] {
        if case .fragments(_, let parts) = content { return Array(parts.joined()) }
        guard isBigEndian, vr.width > 1 else { return Array(bytes) }
        var swapped = Array(bytes)
        let width = vr.width
        for start in stride(from: 0, to: swapped.count - width + 1, by: width) {
            swapped[start..<start + width].reverse()
        }
        return swapped
    }

    /// The binary values as bit patterns; `nil` if the bytes do not divide into values.
    func words(width: Int) -> [UInt64]? {
        guard bytes.count % width == 0 else { return nil }
        return stride(from: bytes.startIndex, to: bytes.endIndex, by: width).map { start in
            var word: UInt64 = 0
            for index in 0..<width {
                word = word << 8 | UInt64(bytes[isBigEndian ? start + index : start + width - 1 - index])
            }
            return word
        }
    }

    private var tags: [Tag]? {
        guard bytes.count % 4 == 0, let words = words(width: 2) else { return nil }
        return stride(from: 0, to: words.count, by: 2).map { Tag(UInt16(words[$0]), UInt16(words[$0 + 1])) }
    }

    private func fixed(width: Int, _ convert: (UInt64) -> Double) -> ElementValue {
        words(width: width).map { .reals($0.map(convert)) } ?? .bytes(littleEndianBytes)
    }

    private func integers(_ convert: (UInt64) -> Int) -> ElementValue {
        words(width: vr.width).map { .integers($0.map(convert)) } ?? .bytes(littleEndianBytes)
    }

    private func numbers<Number>(_ parse: (String) -> Number?) -> [Number]? {
        var found: [Number] = []
        for text in texts(in: .standard) {
            guard let number = parse(text) else { return nil }
            found.append(number)
        }
        return found
    }

    /// Some writers store whole numbers as `1.0`.
    private static func wholeNumber(_ text: String) -> Int? {
        Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
    }
}

extension ArraySlice<UInt8> {
    /// Without trailing spaces and zeros.
    var trimmingPadding: ArraySlice<UInt8> {
        var end = endIndex
        while end > startIndex, self[end - 1] == 0x20 || self[end - 1] == 0 { end -= 1 }
        return self[startIndex..<end]
    }
}
