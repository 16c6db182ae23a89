import Crypto
import Dicom
import Foundation
import Testing

/// Ten series as exported by six vendors' scanners: the right four are chosen, with the values and geometry that were written.
struct HospitalTests {
    private struct Truth: Decodable {
        struct Volume: Decodable {
            /// LPS, 3 × 4, row-major.
            let affine: [Double]
            let shape: [Int]
            let digest: String
        }

        /// Series Instance UIDs by role.
        let chosen: [String: String]
        let others: [String: String]
        let volumes: [String: Volume]
    }

    /// What the reason for each rejection says.
    private static let reasons = [
        "localizer": "localizer", "dwi": "diffusion", "adc": "diffusion", "swi": "susceptibility",
        "cor": "contains the whole brain", "mpr": "is the original",
    ]

    @Test(arguments: ["siemens", "ge", "philips", "canon", "united", "enhanced"])
    func theRightFourAreChosen(_ style: String) throws {
        try inTemporaryFolder { folder in
            let truth: Truth = try Peer.answer("hospital.py", [style, folder.path])
            let assembly = try SeriesAssembly(folder: folder)
            #expect(assembly.skipped.map(\.reason) == ["This is not a DICOM file."])
            let selection = try SeriesSelection(assembly)
            let chosen = selection.chosen.map { ($0.key.rawValue, $0.value.series.attributes.seriesInstanceUID) }
            #expect(Dictionary(uniqueKeysWithValues: chosen) == truth.chosen)
            for (name, uid) in truth.others {
                let found = selection.rejected.filter { $0.series.attributes.seriesInstanceUID == uid }
                let expected = try #require(Self.reasons[name])
                #expect(
                    !found.isEmpty && found.allSatisfy { $0.reason.contains(expected) },
                    "\(name): \(found.map(\.reason))")
            }
            for choice in selection.chosen.values {
                let volume = try SeriesVolume(choice.series)
                let expected = try #require(truth.volumes[choice.series.attributes.seriesInstanceUID])
                #expect([volume.grid.slices, volume.grid.rows, volume.grid.columns] == expected.shape)
                let steps = [volume.grid.stepI, volume.grid.stepJ, volume.grid.stepK, volume.grid.origin]
                let affine = steps.map(\.x) + steps.map(\.y) + steps.map(\.z)
                #expect(zip(affine, expected.affine).allSatisfy { abs($0 - $1) < 1e-5 }, "\(affine)")
                #expect(volume.values.withUnsafeBytes { Self.hexadecimal(SHA256.hash(data: $0)) } == expected.digest)
                #expect(choice.warnings.isEmpty, "\(choice.warnings)")
            }
        }
    }

    @Test func intensitiesTellEqualT1Apart() throws {
        try inTemporaryFolder { folder in
            let truth: Truth = try Peer.answer("hospital.py", ["plain", folder.path])
            let selection = try SeriesSelection(SeriesAssembly(folder: folder))
            let chosen = selection.chosen.map { ($0.key.rawValue, $0.value.series.attributes.seriesInstanceUID) }
            #expect(Dictionary(uniqueKeysWithValues: chosen) == truth.chosen)
            let warnings = selection.chosen[.t1ce]?.warnings ?? []
            #expect(warnings.contains { $0.contains("% of the head is brighter in the latter.") }, "\(warnings)")
        }
    }

    private static func hexadecimal(_ digest: SHA256.Digest) -> String {
        digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
