import Foundation
import Rendering

/// Renders a document as PDF in a separate process, since the drawing libraries are native code, which never runs in
/// the API's process.
package struct ReportPrinter: Sendable {
    let pdf: @Sendable (ReportDocument) async throws -> Data

    package init(_ pdf: @escaping @Sendable (ReportDocument) async throws -> Data) {
        self.pdf = pdf
    }
}
