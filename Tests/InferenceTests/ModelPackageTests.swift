import Foundation
import Imaging
import Testing

@testable import Inference

struct ModelPackageTests {
    private func refusal(_ folder: URL) -> ImagingError? {
        #expect(throws: ImagingError.self) { try ModelPackage(folder: folder) }
    }

    @Test func theCommittedPackageIsWhole() throws {
        let package = try ModelPackage(folder: StudyPhantom.package)
        #expect(package.sequences == MRISequence.allCases)
        #expect(package.regions == TumourRegion.allCases)
        #expect(package.identity.digest.count == 64)
        #expect(package.measured.count == 15)
        #expect(package.measured[Set(MRISequence.allCases)]?.patients == 6)
    }

    @Test func aChangedNetworkIsRefused() throws {
        let folder = try StudyPhantom.packageCopy(changing: "locate.onnx") { $0[$0.count / 2] ^= 1 }
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(refusal(folder)?.message.contains("locate.onnx") == true)
    }

    @Test(arguments: [
        ("\"format\": 2", "\"format\": 1"), ("\"strategy\": \"box\"", "\"strategy\": \"tiles\""),
        ("\"multiple\": 16", "\"multiple\": 0"), ("\"strategy\": \"box\"", "\"strategy\": \"sliding\""),
        ("\"region\": \"ET\"", "\"region\": \"TC\""), ("\"orientation\": \"RAS\"", "\"orientation\": \"LPS\""),
        ("\"path\": \"MODEL_CARD.md\"", "\"path\": \"../MODEL_CARD.md\""), ("{", "["),
    ])
    func whatCannotBeCarriedOutIsRefused(_ found: String, _ planted: String) throws {
        let folder = try StudyPhantom.packageCopy(changing: "model.json") { data in
            data = Data(String(decoding: data, as: UTF8.self).replacingOccurrences(of: found, with: planted).utf8)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(refusal(folder)?.code == .invalidModel)
    }

    @Test func aMissingPackageIsNamed() {
        let nowhere = URL(fileURLWithPath: "/nonexistent/model")
        #expect(refusal(nowhere)?.message.contains("SEGMENTATION_MODEL_PATH") == true)
    }
}
