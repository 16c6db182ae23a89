import Foundation
import Testing

@testable import Rendering

@Suite struct QRCodeTests {
    /// ISO/IEC 18004 §6.3.3: a square of seven, a white ring and a core of three, in three corners.
    private static func isFinder(_ code: QRCode, _ left: Int, _ top: Int) -> Bool {
        (0..<7).allSatisfy { row in
            (0..<7).allSatisfy { column in
                let ring = max(abs(row - 3), abs(column - 3))
                return code.isDark(column: left + column, row: top + row) == (ring != 2)
            }
        }
    }

    @Test func aTextBecomesACode() throws {
        let code = try QRCode("otpauth://totp/NeuroAI:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=NeuroAI")
        #expect((code.width - 17).isMultiple(of: 4) && code.width >= 21)
        let far = code.width - 7
        #expect(Self.isFinder(code, 0, 0) && Self.isFinder(code, far, 0) && Self.isFinder(code, 0, far))
        #expect(!Self.isFinder(code, far, far))
        #expect(try code != QRCode("otpauth://totp/NeuroAI:eve"))
        let svg = String(decoding: code.svg, as: UTF8.self)
        let dark = (0..<code.width).reduce(0) { sum, row in
            sum + (0..<code.width).count { code.isDark(column: $0, row: row) }
        }
        #expect(svg.components(separatedBy: "h1v1h-1z").count == dark + 1)
        #expect(svg.contains("viewBox=\"0 0 \(code.width + 8) \(code.width + 8)\"") && svg.contains("M4 4h1v1h-1z"))
    }

    @Test func aTextThatIsTooLongIsRefused() {
        #expect(throws: (any Error).self) { try QRCode(String(repeating: "x", count: 3000)) }
    }
}
