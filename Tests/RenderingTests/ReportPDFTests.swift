import Foundation
import Imaging
import Testing

@testable import Rendering

struct ReportPDFTests {
    static func document(_ change: (inout ReportDocument) -> Void = { _ in }) -> ReportDocument {
        var document = ReportDocument(
            title: "Brain MRI: measurements of tumour", institution: "Klinikum Göttingen",
            facts: [.init("Patient id", "Łukasz Đặng-Øvergård, 王小明"), .init("Patient", "61 years, female")],
            review: ["The series given as T2 looks like T1."],
            checks: .init(
                title: "Checks overridden at signing",
                remarks: ["Sentence 1: The text says 99 ml; 12.3 ml was measured."]),
            sections: [
                .init(title: "FINDINGS", sentences: [.init(text: "Whole tumour: 12.3 ml.", findings: ["F2", "F3"])])
            ],
            measurements: (1...4).map {
                .init(number: "F\($0)", name: "Whole tumour: volume", value: "12.3", unit: "ml")
            }, picture: nil, pictureCaption: "Contours", provenance: [.init("Model", "mome 1.0")],
            footer: "Report 1", watermark: nil, printedAt: Date(timeIntervalSince1970: 1_800_000_000))
        change(&document)
        return document
    }

    @Test func equalDocumentsGiveEqualBytes() throws {
        let first = try ReportPDF.data(Self.document())
        #expect(first.starts(with: Data("%PDF-".utf8)))
        #expect(try ReportPDF.data(Self.document()) == first)
    }

    @Test(.enabled(if: PDFText.isInstalled, "no pdftotext: run scripts/bootstrap"))
    func itsTextCanBeReadBack() throws {
        let text = try PDFText.of(ReportPDF.data(Self.document()))
        for words in [
            ReportDocument.notice, "Klinikum Göttingen", "Łukasz Đặng-Øvergård, 王小明", "Needs review",
            "Checks overridden at signing", "The text says 99 ml; 12.3 ml was measured.",
            "Whole tumour: 12.3 ml. [F2, F3]", "F4", "mome 1.0", "Page 1 of 1",
        ] {
            #expect(text.contains(words), "\(words) is missing in \(text)")
        }
        #expect(!text.contains("DRAFT"))
    }

    @Test(.enabled(if: PDFText.isInstalled, "no pdftotext: run scripts/bootstrap"))
    func longReportsGoOnWithHeadAndWatermarkOnEachPage() throws {
        let long = Self.document { document in
            document.watermark = "DRAFT"
            document.measurements = (1...150).map {
                .init(number: "F\($0)", name: "Lesion \($0): largest diameter", value: "\($0)", unit: "mm")
            }
        }
        let text = try PDFText.of(ReportPDF.data(long))
        let pages = text.split(separator: "\u{0C}")
        #expect(pages.count == 4)
        for (number, page) in pages.enumerated() {
            #expect(
                page.contains("Page \(number + 1) of \(pages.count)")
                    && page.contains("DRAFT · \(ReportDocument.notice)"))
        }
        #expect(pages[1].contains("Measurement") && pages[1].contains("Value"))
        for number in 1...150 { #expect(text.contains("Lesion \(number): largest diameter")) }
    }

    @Test func aPictureIsDrawnAndABrokenOneRefused() throws {
        let grid = VoxelGrid(
            size: GridSize(i: 20, j: 20, k: 20), affine: VoxelAffine(rows: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]))
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("neuroai-\(UUID().uuidString).png")
        defer { try? FileManager.default.removeItem(at: file) }
        try ContourSheet(image: Image(grid: grid, filledWith: 1), labels: LabelMap(grid: grid, filledWith: 0))
            .write(to: file)
        let png = try Data(contentsOf: file)
        let without = try ReportPDF.data(Self.document()).count
        #expect(try ReportPDF.data(Self.document { $0.picture = png }).count > without)
        #expect(throws: ImagingError.self) { try ReportPDF.data(Self.document { $0.picture = Data("no".utf8) }) }
        #expect(throws: ImagingError.self) { try ReportPDF.data(Self.document { $0.picture = png.prefix(200) }) }
    }

    @Test func aHeadingStaysWithItsText() {
        let line = PagePiece(height: 40) { _, _, _ in }
        let heading = PagePiece(height: 10, keepsNext: true) { _, _, _ in }
        let pages = PageBreaker.pages([line, line, heading, line], room: 100)
        #expect(pages.map(\.count) == [2, 2])
        #expect(PageBreaker.pages([line, line, line], room: 10).count == 3)
    }
}

/// `pdftotext` of poppler-utils, which extracts the selectable text.
enum PDFText {
    /// Poppler's programs are installed together.
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/pdftotext") }

    static func of(_ pdf: Data) throws -> String {
        String(decoding: try output(of: "pdftotext", ["-layout"], pdf, "-"), as: UTF8.self)
    }

    /// The output of one of Poppler's programs for a PDF.
    static func output(of program: String, _ options: [String], _ pdf: Data, _ target: String...) throws -> Data {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("neuroai-\(UUID().uuidString).pdf")
        try pdf.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/\(program)")
        process.arguments = options + [file.path] + target
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return data
    }
}
