import Crypto
import Dicom
import Foundation

/// A file's elements as lines, as `Peers/elements.py` prints them.
enum FileLines {
    static func lines(of file: DicomFile) -> [String] { lines(of: file.meta, "") + lines(of: file.dataSet, "") }

    private static func lines(of dataSet: DataSet, _ path: String) -> [String] {
        dataSet.elements.flatMap { element -> [String] in
            let name = path + digits(element.tag.group) + "," + digits(element.tag.element)
            let value = element.value(in: dataSet.characterSet)
            guard case .items(let items) = value else {
                return ["\(name) \(element.vr.rawValue) \(shown(value))"]
            }
            return ["\(name) SQ \(items.count)"]
                + items.enumerated().flatMap { lines(of: $1, "\(name)[\($0)].") }
        }
    }

    private static func shown(_ value: ElementValue) -> String {
        switch value {
        case .text(let texts): texts.joined(separator: "\\")
        // pydicom drops empty groups at the end.
        case .names(let names): names.map { trimmed($0.text) }.joined(separator: "\\")
        case .integers(let numbers): numbers.map(String.init).joined(separator: " ")
        case .unsignedVeryLong(let numbers): numbers.map(String.init).joined(separator: " ")
        case .reals(let numbers): numbers.map { hexadecimal($0.bitPattern, 16) }.joined(separator: " ")
        case .tags(let tags): tags.map { hexadecimal(UInt64($0.number), 8) }.joined(separator: " ")
        case .items(let items): "\(items.count)"
        case .bytes(let bytes):
            "\(bytes.count) " + SHA256.hash(data: bytes).prefix(8).map { hexadecimal(UInt64($0), 2) }.joined()
        }
    }

    private static func trimmed(_ name: String) -> String {
        name.hasSuffix("=") ? trimmed(String(name.dropLast())) : name
    }

    private static func digits(_ number: UInt16) -> String { hexadecimal(UInt64(number), 4) }

    private static func hexadecimal(_ number: UInt64, _ width: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
