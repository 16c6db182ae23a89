import Foundation
import Imaging
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// The warning about series that cannot be segmented together follows every change of the series.
struct SeriesWarningTests {
    /// As stored: null is computed on reading.
    private func stored(_ clinic: FeaturesFixture, _ item: Case) async throws -> String? {
        try await clinic.database.read {
            try $0.queryOne("SELECT series_warning FROM cases WHERE id = \(item.id)")?.optional("series_warning")
        }
    }

    /// Stores a series' grid with this x offset in mm; the fixture's inspector states none.
    private func place(_ clinic: FeaturesFixture, _ image: MRIImage, x: Double) async throws {
        let rows = [1, 0, 0, x, 0, 1, 0, 0, 0, 0, 1.5, 0]
        let text = String(decoding: try JSONEncoder().encode(rows), as: UTF8.self)
        try await clinic.database.write {
            try $0.execute("UPDATE series SET affine = \(text) WHERE id = \(image.id)")
        }
    }

    @Test(arguments: TestDatabase.all) func aWarningIsComputedThenStoredThenWithdrawn(
        _ kind: TestDatabase
    ) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            #expect(try await stored(clinic, item) == "")
            let first = try await clinic.add(doctor, item, .t1, "image 1")
            let second = try await clinic.add(doctor, item, .flair, "image 2")
            // Unknown grids, as of series from before they were stored.
            #expect(try await stored(clinic, item) == nil)
            #expect(try await clinic.cases.get(doctor.scope, item.id).seriesWarning == nil)
            try await place(clinic, first, x: 0)
            try await place(clinic, second, x: 300)
            let before = try await clinic.cases.get(doctor.scope, item.id)
            #expect(before.seriesWarning?.hasPrefix("FLAIR and T1 do not overlap enough") == true)
            _ = try await clinic.makeCase(doctor)
            let listed = try await clinic.cases.list(doctor.scope, CaseQuery()).items
            #expect(listed.count == 2 && Set(listed.map(\.seriesWarning)) == [before.seriesWarning, nil])

            try await clinic.images.update(doctor.scope, second.id, modality: "t2", filename: "a.nii")
            let warning = try #require(try await stored(clinic, item))
            #expect(warning.hasPrefix("T2 and T1 do not overlap enough"))
            let after = try await clinic.cases.get(doctor.scope, item.id)
            #expect(after.seriesWarning == warning && after.revision > before.revision)
            let again = try await clinic.cases.list(doctor.scope, CaseQuery()).items
            #expect(Set(again.map(\.seriesWarning)) == [warning, nil])

            try await clinic.images.delete(doctor.scope, second.id)
            #expect(try await clinic.cases.get(doctor.scope, item.id).seriesWarning == nil)
            #expect(try await stored(clinic, item) == "")
        }
    }
}
