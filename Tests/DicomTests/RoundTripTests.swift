import Dicom
import Foundation
import Testing

/// Files that this code writes have for pydicom the elements of the files that it read.
struct RoundTripTests {
    private struct View: Decodable {
        let lines: [String]?
        let error: String?

        /// Without file meta information and the retired group lengths, which are written anew or not at all.
        var content: [String] {
            (lines ?? [error ?? ""]).filter { line in
                !line.hasPrefix("0002,") && line.firstRange(of: /[0-9a-f]{4},0000 UL/) == nil
            }
        }
    }

    @Test func pydicomReadsWhatIsWritten() throws {
        let files = try Peer.testFiles.get()
        try inTemporaryFolder { folder in
            var pairs: [(read: URL, written: URL)] = []
            for (number, url) in files.enumerated() {
                guard let file = try? DicomFile(Peer.bytes(of: url)), file.dataSet.string(.sopClassUID) != nil,
                    file.dataSet.string(.sopInstanceUID) != nil
                else { continue }
                let isEncapsulated = file.dataSet[.pixelData].map { $0.bytes.isEmpty } ?? false
                let bytes = try DicomFileWriter.bytes(
                    file.dataSet, syntax: isEncapsulated ? file.transferSyntax : .explicitLittleEndian)
                let written = folder.appending(path: "\(number).dcm")
                try Data(bytes).write(to: written)
                // What this code reads again is the same, too.
                #expect(FileLines.lines(of: try DicomFile(bytes)).count > 3)
                pairs.append((url, written))
            }
            #expect(pairs.count > 150)
            let before: [View] = try Peer.answer("elements.py", pairs.map(\.read.path))
            let after: [View] = try Peer.answer("elements.py", pairs.map(\.written.path))
            for (index, pair) in pairs.enumerated() {
                let difference = after[index].content.difference(from: before[index].content)
                #expect(
                    difference.isEmpty, "\(pair.read.lastPathComponent): \(difference.prefix(4).map { "\($0)" })")
            }
        }
    }

    @Test func builtValuesAreReadBack() throws {
        let item = DataSet([DataElement(.echoTime, .decimalString, reals: [1.0 / 3, -1.25e-7, 12])])
        var dataSet = DataSet([
            DataElement(.specificCharacterSet, .codeString, "ISO_IR 192"),
            DataElement(.sopClassUID, .uniqueIdentifier, "1.2.840.10008.5.1.4.1.1.4"),
            DataElement(.sopInstanceUID, .uniqueIdentifier, UID.generated()),
            DataElement(.patientName, .personName, "Müller^Zoë=王^小東"),
            DataElement(.rows, .unsignedShort, integers: [512]),
            DataElement(Tag(0x0018, 0x9087), .double, reals: [1000.5]),
            DataElement(.mrEchoSequence, items: [item, DataSet()]),
        ])
        dataSet.set(DataElement(.rows, .unsignedShort, integers: [256]))
        let read = try DicomFile(DicomFileWriter.bytes(dataSet)).dataSet
        #expect(read.integer(.rows) == 256)
        #expect(read.real(.diffusionBValue) == 1000.5)
        #expect(read.string(.patientName) == "Müller^Zoë=王^小東")
        let echoes = try #require(read.items(.mrEchoSequence).first?.reals(.echoTime))
        #expect(echoes.count == 3 && abs(echoes[0] - 1.0 / 3) < 1e-13 && echoes[1] == -1.25e-7 && echoes[2] == 12)
        #expect(read.strings(.sopInstanceUID).allSatisfy { $0.hasPrefix("2.25.") && $0.count <= 64 })
        let texts = [1e300, -1.0 / 3, 123456789.123456789, 1e16, -1.7976931348623157e308].map {
            DataSet([DataElement(.echoTime, .decimalString, reals: [$0])]).string(.echoTime) ?? ""
        }
        #expect(texts.allSatisfy { $0.count <= 16 }, "\(texts)")
    }
}
