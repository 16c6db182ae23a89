import Foundation
import Rendering

/// Makes a PDF of a document. The program does it in a process of its own, since the libraries that draw are native code, and
/// none of that runs where the API does.
package struct ReportPrinter: Sendable {
    let pdf: @Sendable (ReportDocument) async throws -> Data

    package init(_ pdf: @escaping @Sendable (ReportDocument) async throws -> Data) {
        self.pdf = pdf
    }
}
