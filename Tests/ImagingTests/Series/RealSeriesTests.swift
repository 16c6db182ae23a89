import Foundation
import Testing

@testable import Imaging

/// The checks on a real patient's series. Rates over all patients: docs/decisions/0220 and `training/series_faults.py`.
struct RealSeriesTests {
    private func files(_ name: String, _ sequences: [MRISequence]) throws -> [MRISequence: URL] {
        let folder = try #require(SharedCases.folder).appendingPathComponent(name)
        return Dictionary(
            uniqueKeysWithValues: sequences.map { ($0, folder.appendingPathComponent("\($0.rawValue).nii.gz")) })
    }

    @Test(.enabled(if: SharedCases.folder != nil, "no real cases: put them beside the checkout as ../shared/cases"))
    func aMirroredFlairIsNamed() throws {
        let study = try Study(loading: files("validation/Brats18_TCIA02_370_1", [.t1, .t1ce, .flair]))
        let foreground = try SeparatedStudy(study).foreground.mask
        let sound = try SeriesLattice(study)
        try study.checkSeries()
        try sound.checkCopies()
        #expect(try sound.overlay(within: foreground).warnings.isEmpty)
        var images = study.images
        images[.flair] = images[.flair].map { $0.mirrored() }
        let overlay = try SeriesLattice(Study(images: images)).overlay(within: foreground)
        #expect(overlay.warnings == ["FLAIR does not overlay T1 and T1CE: it may be mirrored."])
        images[.flair] = images[.t1].map { image in
            Image(grid: image.grid, values: image.values.map { ($0 * 1.3).rounded() }).mirrored()
        }
        let copied = try Study(images: images)
        #expect(throws: ImagingError.self) { try SeriesLattice(copied).checkCopies() }
    }

    @Test(.enabled(if: SharedCases.folder != nil, "no real cases: put them beside the checkout as ../shared/cases"))
    func labelMapsAreToldFromImages() throws {
        let cases = try #require(SharedCases.folder)
        for name in ["validation/BraTS19_CBICA_BHQ_1/seg", "labelmaps/training_seg_01"] {
            let error = #expect(throws: ImagingError.self) {
                try NIfTIFile.inspect(cases.appendingPathComponent(name + ".nii.gz"))
            }
            #expect(error?.message.contains("label map") == true)
        }
        _ = try NIfTIFile.inspect(cases.appendingPathComponent("validation/BraTS19_CBICA_BHQ_1/flair.nii.gz"))
    }
}
