import Foundation
import Testing

@testable import Imaging

/// sform, qform and pixdim of one header, which readers prioritise differently.
struct HeaderAgreementTests {
    /// A header with both forms, and their disagreement.
    struct Forms: Sendable, CustomTestStringConvertible {
        let name: String
        let subjects: [String]
        let change: @Sendable (inout NIfTIBuilder) -> Void
        var testDescription: String { name }

        init(_ name: String, _ subjects: [String] = [], _ change: @escaping @Sendable (inout NIfTIBuilder) -> Void) {
            self.name = name
            self.subjects = subjects
            self.change = change
        }

        var builder: NIfTIBuilder {
            var builder = NIfTIBuilder()
            builder.qformCode = 1
            change(&builder)
            return builder
        }
    }

    private static let contradictions = [
        Forms("mirrored sform", ["orientation", "position"]) {
            $0.sform[0] = -4
            $0.sform[3] = 30
        },
        Forms("mirrored about the first voxel", ["orientation"]) { $0.sform[0] = -4 },
        Forms("turned about z", ["orientation"]) { $0.quaternion = [0, 0, 1] },
        Forms("turned by 5 degrees", ["orientation"]) { $0.quaternion = [0, 0, 0.0436] },
        Forms("qfac alone", ["orientation"]) { $0.spacing[0] = -1 },
        Forms("other codes", ["orientation"]) {
            $0.quaternion = [0, 1, 0]
            $0.sformCode = 4
        },
        Forms("moved by 3 mm", ["position"]) { $0.offset[2] = -27 },
        Forms("another spacing", ["voxel size"]) { $0.spacing[3] = 5 },
        Forms("pixdim beside an sform alone", ["voxel size"]) {
            $0.qformCode = 0
            $0.spacing[1] = 1
        },
    ]

    @Test(arguments: contradictions) func aContradictionIsRefused(_ forms: Forms) throws {
        try inTemporaryFolder { folder in
            let file = folder.appendingPathComponent("image.nii")
            try forms.builder.bytes.write(to: file)
            for read in [
                { _ = try NIfTIFile.inspect(file) }, { _ = try NIfTIFile.readImage(file) },
                { _ = try NIfTIFile.inspectLabels(file) }, { _ = try NIfTIFile.readLabels(file) },
            ] {
                let error = #expect(throws: ImagingError.self) { try read() }
                let message = error?.message ?? ""
                #expect(error?.code == .invalidImage && message.contains("contradicts itself"), "\(message)")
                for subject in ["orientation", "position", "voxel size"] {
                    #expect(message.contains(subject) == forms.subjects.contains(subject), "\(message)")
                }
            }
            #expect(throws: Never.self) { try NIfTIFile.readImage(file, limits: .anyVolume) }
        }
    }

    private static let agreements = [
        Forms("equal forms") { _ in },
        Forms("0.898 and 0.8984") {
            $0.spacing = [1, 0.898, 0.898, 4]
            $0.sform[0] = 0.8984
            $0.sform[5] = 0.8984
        },
        Forms("0.90 and 0.898 without qform") {
            $0.qformCode = 0
            $0.spacing = [1, 0.9, 0.9, 4]
            $0.sform[0] = 0.898
            $0.sform[5] = 0.898
        },
        Forms("noise of 1e-4") {
            $0.sform = $0.sform.enumerated().map { $0.offset % 4 == 3 ? $0.element : $0.element + 1e-4 }
        },
        Forms("an unused qform") {
            $0.qformCode = 0
            $0.quaternion = [1, 0, 0]
            $0.offset = [0, 0, 0]
        },
        Forms("rounded cosines") {
            $0.quaternion = [0, 0, 0.2588]
            $0.sform = [3.46, -2, 0, -30, 2, 3.46, 0, -30, 0, 0, 4, -30]
        },
    ]

    @Test(arguments: agreements) func whatRoundingExplainsIsTaken(_ forms: Forms) throws {
        try NIfTIHeader(Array(forms.builder.bytes.prefix(540))).checkAgreement()
    }

    @Test func anSformOfZerosIsPassedOver() throws {
        try inTemporaryFolder { folder in
            let file = folder.appendingPathComponent("image.nii")
            var builder = NIfTIBuilder()
            let sound = NIfTIBuilder()
            builder.sform = [Float](repeating: 0, count: 12)
            builder.qformCode = 1
            try builder.bytes.write(to: file)
            let image = try NIfTIFile.readImage(file)
            #expect(image.grid.affine.rows == sound.sform.map(Double.init))
            // Files written on its grid do not repeat the empty form.
            let mask = folder.appendingPathComponent("mask.nii.gz")
            try NIfTIFile.write(image.mask { $0 > 10 }, forms: NIfTIFile.forms(of: file), to: mask)
            #expect(try NIfTIFile.forms(of: mask).sformCode == 0)
            #expect(try NIfTIFile.readLabels(mask).grid == image.grid)

            builder.qformCode = 0
            try builder.bytes.write(to: file)
            let error = #expect(throws: ImagingError.self) { try NIfTIFile.inspect(file) }
            #expect(error?.message.contains("sform contains only zeros") == true, "\(error?.message ?? "")")
            builder = sound
            builder.sform[0] = 0
            try builder.bytes.write(to: file)
            let singular = #expect(throws: ImagingError.self) { try NIfTIFile.inspect(file) }
            #expect(singular?.message.contains("sform") == true, "\(singular?.message ?? "")")
        }
    }
}
