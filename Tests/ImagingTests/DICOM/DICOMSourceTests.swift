import Dicom
import Foundation
import Imaging
import Testing

/// A series in DICOM is at the same place, with the same values, as the same series in NIfTI.
struct DICOMSourceTests {
    @Test func lpsBecomesRAS() {
        let grid = LPSGrid(
            columns: 2, rows: 3, slices: 4, origin: LPSVector(x: 10, y: -20, z: 30),
            stepI: LPSVector(x: 0, y: 1, z: 0), stepJ: LPSVector(x: 0, y: 0, z: -2),
            stepK: LPSVector(x: 3, y: 0, z: 0.5))
        let converted = VoxelGrid(grid)
        #expect(converted.size == GridSize(i: 2, j: 3, k: 4))
        #expect(converted.affine.point(i: 0, j: 0, k: 0) == PatientPoint(x: -10, y: 20, z: 30))
        #expect(converted.affine.point(i: 1, j: 1, k: 2) == PatientPoint(x: -16, y: 19, z: 29))
    }

    /// A slice of an axial series with a bright square.
    private static func slice(_ k: Int, of count: Int, uid: String, description: String = "AX FLAIR") throws -> [UInt8]
    {
        let size = 64
        var pixels: [UInt8] = []
        for j in 0..<size {
            for i in 0..<size {
                let value = (16..<48).contains(i) && (20..<44).contains(j) ? 300 + (i * 7 + j * 13 + k * 29) % 41 : 0
                pixels += [UInt8(value & 0xFF), UInt8(value >> 8)]
            }
        }
        return try DicomFileWriter.bytes(
            DataSet([
                DataElement(.sopClassUID, .uniqueIdentifier, "1.2.840.10008.5.1.4.1.1.4"),
                DataElement(.sopInstanceUID, .uniqueIdentifier, "\(uid).\(k + 1)"),
                DataElement(.modality, .codeString, "MR"),
                DataElement(.seriesDescription, .longString, description),
                DataElement(.patientName, .personName, "Secret^Name"),
                DataElement(.studyInstanceUID, .uniqueIdentifier, "1.2.3"),
                DataElement(.seriesInstanceUID, .uniqueIdentifier, uid),
                DataElement(.instanceNumber, .integerString, integers: [count - k]),
                DataElement(.imagePositionPatient, .decimalString, reals: [-96, -96, Double(k) * 5 - 60]),
                DataElement(.imageOrientationPatient, .decimalString, reals: [1, 0, 0, 0, 1, 0]),
                DataElement(.pixelSpacing, .decimalString, reals: [3, 3]),
                DataElement(.rows, .unsignedShort, integers: [size]),
                DataElement(.columns, .unsignedShort, integers: [size]),
                DataElement(.bitsAllocated, .unsignedShort, integers: [16]),
                DataElement(.bitsStored, .unsignedShort, integers: [12]),
                DataElement(.highBit, .unsignedShort, integers: [11]),
                DataElement(.pixelRepresentation, .unsignedShort, integers: [0]),
                DataElement(.photometricInterpretation, .codeString, "MONOCHROME2"),
                DataElement(.pixelData, .otherWord, .bytes(pixels[...])),
            ]))
    }

    @Test func aFolderBecomesSources() throws {
        try inTemporaryFolder { folder in
            for k in 0..<24 {
                // Names in another order than the slices.
                try Data(Self.slice(k, of: 24, uid: "1.2.3.4")).write(
                    to: folder.appendingPathComponent("\((k * 7) % 24)"))
            }
            try Data("note".utf8).write(to: folder.appendingPathComponent("note.txt"))
            let study = try DICOMStudy(folder: folder)
            #expect(study.sources.keys.sorted() == [.flair])
            #expect(study.lines.map(\.reason) == ["described as FLAIR; 24 slices, 3.0 × 3.0 × 5.0 mm"])
            #expect(study.skippedFiles == ["note.txt: This is not a DICOM file."])
            #expect(!study.summary.contains("Secret"))
            let image = try #require(study.sources[.flair]).load()
            #expect(image.grid.affine.point(i: 0, j: 0, k: 0) == PatientPoint(x: 96, y: 96, z: -60))
            #expect(image.grid.spacing == [3, 3, 5])
            #expect(image[5, 30, 20] == Float(300 + (20 * 7 + 30 * 13 + 5 * 29) % 41))
            let digest = try #require(study.sources[.flair]).digest()
            #expect(digest.count == 64)
            // The same image as NIfTI gives the same voxels at the same places.
            let file = folder.appendingPathComponent("flair.nii")
            try NIfTIFile.write(image, to: file)
            let other = try NIfTISource(file).load()
            #expect(other.values == image.values && other.grid == image.grid)
        }
    }

    @Test func anErrorNamesTheSeriesAndNoPatient() throws {
        try inTemporaryFolder { folder in
            for k in 0..<24 where k != 9 {
                try Data(Self.slice(k, of: 24, uid: "1.2.3.4")).write(to: folder.appendingPathComponent("\(k)"))
            }
            let error = #expect(throws: ImagingError.self) { try DICOMStudy(folder: folder) }
            #expect(error?.code == .unsupportedImage)
            #expect(
                error?.message.contains("“AX FLAIR”: FLAIR, but slices are missing") == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("Secret") == false)
        }
    }

    @Test func compressedPixelsAreRefusedByName() throws {
        try inTemporaryFolder { folder in
            for k in 0..<24 {
                let file = try DicomFile(Self.slice(k, of: 24, uid: "1.2.3.4"))
                var dataSet = file.dataSet
                dataSet.set(DataElement(.pixelData, .otherByte, .fragments(offsets: [], [[0xFF, 0xD8]])))
                let syntax = TransferSyntax(uid: "1.2.840.10008.1.2.4.80")
                try Data(DicomFileWriter.bytes(dataSet, syntax: syntax)).write(
                    to: folder.appendingPathComponent("\(k)"))
            }
            let source = try #require(try DICOMStudy(folder: folder).sources[.flair])
            let error = #expect(throws: ImagingError.self) { try source.load() }
            #expect(error?.message.contains("JPEG-LS Lossless are not supported") == true)
        }
    }
}
