import Foundation

/// Entries as JSON lines, for exports.
package enum AuditLines {
    /// One object per line, each line terminated.
    package static func encode(_ entries: [AuditEntry]) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var lines = Data()
        for entry in entries {
            lines += try encoder.encode(entry)
            lines.append(UInt8(ascii: "\n"))
        }
        return lines
    }
}
