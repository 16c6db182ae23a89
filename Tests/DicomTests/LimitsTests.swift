import Dicom
import Foundation
import Testing

/// What a file may make the reader allocate is bounded, and a refusal says what is wrong and where.
struct LimitsTests {
    private static func dataSet(_ extra: [DataElement] = []) -> DataSet {
        DataSet(
            [
                DataElement(.sopClassUID, .uniqueIdentifier, "1.2.3"),
                DataElement(.sopInstanceUID, .uniqueIdentifier, "1.2.3.4"),
            ] + extra)
    }

    private static func nested(_ depth: Int) -> DataSet {
        (0..<depth).reduce(DataSet()) { inner, _ in DataSet([DataElement(.mrEchoSequence, items: [inner])]) }
    }

    private func refusal(_ bytes: [UInt8], _ limits: DicomLimits = .standard) -> DicomError? {
        #expect(throws: DicomError.self) { try DicomFile(bytes, limits: limits) }
    }

    @Test func depthIsBounded() throws {
        func file(_ depth: Int) throws -> [UInt8] {
            try DicomFileWriter.bytes(Self.dataSet([DataElement(.mrEchoSequence, items: [Self.nested(depth - 1)])]))
        }
        _ = try DicomFile(file(32))
        #expect(try refusal(file(33))?.message == "Sequences are nested more than 32 deep.")
    }

    @Test func elementsAndBytesAreBounded() throws {
        let bytes = try DicomFileWriter.bytes(Self.dataSet([DataElement(.patientID, .longString, "Secret")]))
        var limits = DicomLimits()
        limits.elements = 2
        #expect(refusal(bytes, limits)?.code == .tooLarge)
        limits = DicomLimits()
        limits.fileBytes = bytes.count - 1
        #expect(refusal(bytes, limits)?.code == .tooLarge)
        limits.fileBytes = bytes.count
        _ = try DicomFile(bytes, limits: limits)
    }

    @Test func whatDeflatedDataInflateToIsBounded() throws {
        let url = try #require(try Peer.testFiles.get().first { $0.lastPathComponent == "image_dfl.dcm" })
        let bytes = try Peer.bytes(of: url)
        var limits = DicomLimits()
        limits.inflatedBytes = 100_000
        #expect(refusal(bytes, limits)?.code == .tooLarge)
        #expect(refusal(Array(bytes.dropLast(500)))?.message == "The deflated data set is damaged or cut short.")
    }

    @Test func aRefusalNamesTheElementAndNoValue() throws {
        let bytes = try DicomFileWriter.bytes(Self.dataSet([DataElement(.patientID, .longString, "Secret")]))
        let error = refusal(Array(bytes.dropLast(2)))
        #expect(error?.tag == .patientID && error?.offset == bytes.count - 14)
        #expect(error?.description.contains("element (0010,0020), offset \(bytes.count - 14)") == true)
        #expect(error?.description.contains("Secr") == false)
        #expect(refusal(Array("%PDF-1.7 and so on, at some length".utf8))?.code == .notDicom)
        #expect(refusal([])?.code == .notDicom)
    }
}
