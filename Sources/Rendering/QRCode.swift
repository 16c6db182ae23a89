import CQRencode
import Foundation
import Imaging

/// A text as a QR code (ISO/IEC 18004).
package struct QRCode: Sendable, Equatable {
    /// Modules per side.
    package let width: Int
    private let isDark: [Bool]

    /// The quiet zone in modules on each side, which readers require (ISO/IEC 18004 §6.3.8).
    private static let margin = 4

    /// - Throws: `ImagingError(.internalFault)` if the text is too long for one code.
    package init(_ text: String) throws {
        // Error correction of seven per cent is enough on a screen.
        guard let code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L) else {
            throw ImagingError(.internalFault, "The text is too long for a QR code.")
        }
        defer { QRcode_free(code) }
        let width = Int(code.pointee.width)
        self.width = width
        // A module's lowest bit is its colour; the others describe its purpose.
        isDark = UnsafeBufferPointer(start: code.pointee.data, count: width * width).map { $0 & 1 == 1 }
    }

    package func isDark(column: Int, row: Int) -> Bool { isDark[row * width + column] }

    /// The code with its quiet zone as a scalable picture.
    package var svg: Data {
        var path = ""
        for row in 0..<width {
            for column in 0..<width where isDark(column: column, row: row) {
                path += "M\(column + Self.margin) \(row + Self.margin)h1v1h-1z"
            }
        }
        let edge = width + 2 * Self.margin
        return Data(
            """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(edge) \(edge)" shape-rendering="crispEdges">
            <path fill="#fff" d="M0 0h\(edge)v\(edge)h-\(edge)z"/><path d="\(path)"/>
            </svg>
            """.utf8)
    }
}
