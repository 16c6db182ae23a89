import Basics
import Foundation
import Imaging
import Testing

@testable import Inference

struct ModelPackageTests {
    private func refusal(_ folder: URL) -> ImagingError? {
        #expect(throws: ImagingError.self) { try ModelPackage(folder: folder) }
    }

    /// The committed package with the object at a key of its model.json replaced.
    private func package(_ key: String, _ value: String) throws -> URL {
        let known = try Regex("\"\(key)\": \\{[^}]*\\}")
        return try StudyPhantom.packageCopy(changing: "model.json") { data in
            data = Data(String(decoding: data, as: UTF8.self).replacing(known, with: "\"\(key)\": \(value)").utf8)
        }
    }

    @Test func theCommittedPackageIsWhole() throws {
        let package = try ModelPackage(folder: StudyPhantom.package)
        #expect(package.sequences == MRISequence.allCases)
        #expect(package.regions == TumourRegion.allCases)
        #expect(package.identity.digest.count == 64)
        #expect(package.measured.count == 15)
        #expect(package.measured[Set(MRISequence.allCases)]?.patients == 6)
    }

    @Test(arguments: [-1, 0, 1e9] as [Double]) func aTemperatureMustDivide(_ value: Double) throws {
        let folder = try package("temperatures", #"{"WT": \#(value)}"#)
        defer { try? FileManager.default.removeItem(at: folder) }
        if value > 0 {
            #expect(try ModelPackage(folder: folder).temperatures == [.wholeTumour: Float(value)])
        } else {
            #expect(refusal(folder)?.code == .invalidModel)
        }
    }

    @Test func aChangedNetworkIsRefused() throws {
        let folder = try StudyPhantom.packageCopy(changing: "locate.onnx") { $0[$0.count / 2] ^= 1 }
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(refusal(folder)?.message.contains("locate.onnx") == true)
    }

    @Test(arguments: [
        ("\"format\": 2", "\"format\": 1"), ("\"strategy\": \"box\"", "\"strategy\": \"tiles\""),
        ("\"multiple\": 16", "\"multiple\": 0"), ("\"strategy\": \"box\"", "\"strategy\": \"sliding\""),
        ("\"least\": 80", "\"least\": 0"),
        ("\"region\": \"ET\"", "\"region\": \"TC\""), ("\"orientation\": \"RAS\"", "\"orientation\": \"LPS\""),
        ("\"path\": \"MODEL_CARD.md\"", "\"path\": \"../MODEL_CARD.md\""), ("{", "["),
        ("\"temperatures\": {", "\"temperatures\": {\"XX\": 1,"), ("\"soft\": ", "\"soft\": 1e999"),
        ("\"files\": [", "\"requires\": [\"t9\"], \"files\": ["), ("\"review_below\": 0", "\"review_below\": 7"),
        ("\"network\": \"refine.onnx\"", "\"network\": \"refine.onnx\", \"int8\": \"refine.int8.onnx.absent\""),
    ])
    func whatCannotBeCarriedOutIsRefused(_ found: String, _ planted: String) throws {
        let folder = try StudyPhantom.packageCopy(changing: "model.json") { data in
            data = Data(String(decoding: data, as: UTF8.self).replacingOccurrences(of: found, with: planted).utf8)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(refusal(folder)?.code == .invalidModel)
    }

    @Test(
        arguments: [
            ("0.8", [.wholeTumour: 0.8]), (#"{"TC": 0.75, "ET": 0.5}"#, [.tumourCore: 0.75, .enhancingTumour: 0.5]),
        ] as [(String, [TumourRegion: Double])])
    func aLineForReviewIsTheWholeTumoursOrEachRegionsOwn(_ value: String, _ lines: [TumourRegion: Double]) throws {
        let known = try Regex("\"review_below\": [0-9.]+")
        let folder = try StudyPhantom.packageCopy(changing: "model.json") { data in
            data = Data(
                String(decoding: data, as: UTF8.self).replacing(known, with: "\"review_below\": \(value)").utf8)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try ModelPackage(folder: folder).reviewBelow == lines)
    }

    @Test func whatIsInDoubtIsMarkedFromTheRegionsThresholdOn() throws {
        let folder = try package("thresholds", #"{"TC": 0.25, "ET": 0.75}"#)
        defer { try? FileManager.default.removeItem(at: folder) }
        let package = try ModelPackage(folder: folder)
        #expect(TumourRegion.allCases.map { package.thresholds[$0] } == [0.5, 0.25, 0.75])
    }

    @Test(arguments: [#"{"WT": 1}"#, #"{"WT": 0}"#, #"{"WM": 0.5}"#])
    func aThresholdLiesBetweenNoneAndAll(_ thresholds: String) throws {
        let folder = try package("thresholds", thresholds)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(refusal(folder)?.code == .invalidModel)
    }

    @Test func aPackageMayAskForSequences() throws {
        let folder = try StudyPhantom.packageCopy(changing: "model.json") { data in
            let text = String(decoding: data, as: UTF8.self)
            data = Data(
                text.replacingOccurrences(of: "\"files\": [", with: "\"requires\": [\"t1ce\"], \"files\": [").utf8)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        let segmenter = try ModelSegmenter(ModelPackage(folder: folder))
        let error = #expect(throws: ImagingError.self) {
            try segmenter.probabilities(of: StudyPhantom.study([.t1, .flair]), control: WorkControl())
        }
        #expect(error?.code == .incompatibleSeries && error?.message.contains("T1CE") == true)
    }

    @Test func aPrecisionThatIsNotThereIsRefused() throws {
        let folder = try StudyPhantom.packageCopy(changing: "model.json") { data in
            let text = String(decoding: data, as: UTF8.self)
            data = Data(text.replacingOccurrences(of: "\"int8\":", with: "\"unknown\":").utf8)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        let package = try ModelPackage(folder: folder)
        #expect(package.precisions == [.f32])
        let error = #expect(throws: ImagingError.self) { try ModelSegmenter(package, precision: .int8) }
        #expect(error?.code == .invalidModel && error?.message.contains("MODEL_PRECISION") == true)
    }

    @Test func aCheckpointIsToldWhatToRun() {
        let path = URL(fileURLWithPath: "/models/mome_plus.pth")
        #expect(refusal(path)?.message.contains("neuroai models import") == true)
    }

    /// The caller adds the argument or setting that names the package.
    @Test func aMissingPackageIsToldApart() {
        let nowhere = URL(fileURLWithPath: "/nonexistent/model")
        #expect(refusal(nowhere)?.message == "There is no model package here: model.json is missing.")
    }
}
