import Foundation
import Testing

/// The process that the server starts for each PDF.
struct PrintReportTests {
    private static let document = """
        {"title": "Report", "institution": "Clinic", "facts": [{"label": "Patient ID", "value": "P-1"}], "review": [], "checks": {"title": "", "remarks": []},
        "sections": [], "measurements": [], "pictureCaption": "", "provenance": [], "footer": "", "printedAt": 0}
        """

    @Test(.enabled(if: Program.isBuilt, "no built program: swift build, or name one by NEUROAI_BINARY"))
    func aDocumentGoesInAndAPDFComesOut() throws {
        #expect(try Self.run(Self.document).output.starts(with: Data("%PDF-".utf8)))
        let broken = try Self.run("{}")
        #expect(broken.status != 0 && broken.output.isEmpty)
    }

    private static func run(_ input: String) throws -> (status: Int32, output: Data) {
        let process = Process()
        let (inward, outward) = (Pipe(), Pipe())
        process.executableURL = Program.binary
        process.arguments = ["print-report"]
        process.standardInput = inward
        process.standardOutput = outward
        process.standardError = FileHandle.nullDevice
        try process.run()
        try inward.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try inward.fileHandleForWriting.close()
        let output = try outward.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }
}
