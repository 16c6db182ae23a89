import Foundation
import Imaging
import Testing

struct NIfTIFileTests {
    @Test(arguments: Phantom.grids.keys.sorted()) func whatIsWrittenIsReadBack(_ name: String) throws {
        try inTemporaryFolder { folder in
            let image = Phantom.image(try #require(Phantom.grids[name]))
            let file = folder.appendingPathComponent("image.nii.gz")
            try NIfTIFile.write(image, to: file)
            let found = try NIfTIFile.readImage(file)
            #expect(found.grid == image.grid)
            #expect(found.values == image.values)
            let summary = try NIfTIFile.inspect(file)
            #expect(summary.dimensions == image.grid.size.lengths)
            #expect(summary.contentDigest.count == 64)
            let labels = image.mask { $0 > 600 }
            try NIfTIFile.write(labels, to: file)
            #expect(try NIfTIFile.readLabels(file).values == labels.values)
        }
    }

    @Test func equalImagesGiveEqualBytes() throws {
        try inTemporaryFolder { folder in
            let image = Phantom.image(try #require(Phantom.grids["oblique"]))
            let files = ["a", "b"].map { folder.appendingPathComponent($0 + ".nii.gz") }
            for file in files { try NIfTIFile.write(image, to: file) }
            #expect(try Data(contentsOf: files[0]) == Data(contentsOf: files[1]))
        }
    }

    @Test(arguments: BadNIfTI.all) func badInputIsRefusedInOneSentence(_ bad: BadNIfTI) throws {
        try inTemporaryFolder { folder in
            let file = folder.appendingPathComponent("bad.nii")
            try bad.bytes.write(to: file)
            let error = #expect(throws: ImagingError.self) { try NIfTIFile.inspect(file) }
            #expect(error?.code == .invalidImage || error?.code == .unsupportedImage)
            #expect(error?.message.contains(bad.word) == true, "\(error?.message ?? "no error")")
            #expect(error?.message.hasSuffix(".") == true)
            #expect(throws: ImagingError.self) { try NIfTIFile.readImage(file) }
        }
    }

    @Test func aTruncatedGzipIsRefused() throws {
        try inTemporaryFolder { folder in
            let file = folder.appendingPathComponent("image.nii.gz")
            try NIfTIFile.write(Phantom.image(try #require(Phantom.grids["straight"])), to: file)
            let whole = try Data(contentsOf: file)
            for share in [0.05, 0.5, 0.99] {
                try whole.prefix(Int(Double(whole.count) * share)).write(to: file)
                #expect(throws: ImagingError.self) { try NIfTIFile.inspect(file) }
            }
            var damaged = whole
            damaged[whole.count / 2] ^= 0xff
            try damaged.write(to: file)
            #expect(throws: ImagingError.self) { try NIfTIFile.inspect(file) }
        }
    }

    @Test(arguments: NIfTIBuilder.scalars) func everyScalarTypeAndByteOrderIsRead(_ type: NIfTIBuilder.Scalar) throws {
        for bigEndian in [false, true] {
            try inTemporaryFolder { folder in
                var builder = NIfTIBuilder()
                builder.bigEndian = bigEndian
                builder.type = type
                builder.slope = 2
                builder.intercept = 1
                let file = folder.appendingPathComponent("scalar.nii")
                try builder.bytes.write(to: file)
                let image = try NIfTIFile.readImage(file)
                #expect(image.values[5] == Float(5 % 50 * 2 + 1))
                #expect(image.grid.spacing == [4, 4, 4])
            }
        }
    }
}
