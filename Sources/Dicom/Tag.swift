/// The tag of a data element (PS3.5 §7.1).
package struct Tag: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let group: UInt16
    package let element: UInt16

    package init(_ group: UInt16, _ element: UInt16) {
        self.group = group
        self.element = element
    }

    package init(_ number: UInt32) {
        self.init(UInt16(truncatingIfNeeded: number >> 16), UInt16(truncatingIfNeeded: number))
    }

    package var number: UInt32 { UInt32(group) << 16 | UInt32(element) }

    /// Odd groups belong to vendors.
    package var isPrivate: Bool { group & 1 == 1 }

    /// As the standard writes it: `(0008,0060)`.
    package var description: String { "(\(Self.hexadecimal(group)),\(Self.hexadecimal(element)))" }

    package static func < (left: Tag, right: Tag) -> Bool { left.number < right.number }

    private static func hexadecimal(_ number: UInt16) -> String {
        let digits = String(number, radix: 16, uppercase: true)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}
