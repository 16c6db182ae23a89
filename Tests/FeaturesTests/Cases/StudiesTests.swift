import Foundation
import Imaging
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

/// The stored series of a case's images.
@Suite struct StudiesTests {
    @Test(arguments: TestDatabase.all) func whatTheUploadFoundIsStored(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            let image = try await clinic.add(doctor, item, .t1ce, "image 1")
            let grid = VoxelGrid(
                size: GridSize(i: 240, j: 240, k: 155),
                affine: VoxelAffine(rows: [-1, 0, 0, 119.5, 0, -1, 0, 0.1 + 0.2, 0, 0, 1.5, -1e-7]))
            let stored = try await clinic.database.write { connection in
                let store = SeriesStore(connection)
                try connection.execute("UPDATE series SET file_format = NULL")
                let before = try #require(try store.find(doctor.scope, image.id))
                let file = before.files[0].blob
                let isReplaced = try store.replaceFile(
                    doctor.scope, before, by: file, SeriesHeader(grid, format: .gzippedNIfTI))
                #expect(isReplaced)
                // Only once: another process may have been first.
                #expect(
                    try !store.replaceFile(doctor.scope, before, by: file, SeriesHeader(grid, format: .gzippedNIfTI)))
                return try #require(try store.find(doctor.scope, image.id))
            }
            #expect(stored.header.grid == grid && stored.header.format == .gzippedNIfTI)
            #expect(stored.role == .t1ce && stored.source == .nifti && stored.study == item.study.id)
            let grids = try await clinic.database.read {
                try SeriesStore($0).grids(doctor.scope, of: [image.id, ID()])
            }
            #expect(grids == [image.id: grid])
            let stranger = try await clinic.signIn(.doctor, institution: clinic.makeInstitution())
            let theirs = try await clinic.database.read { connection in
                try SeriesStore(connection).grids(stranger.scope, of: [image.id])
            }
            #expect(theirs.isEmpty)
        }
    }

    @Test(arguments: TestDatabase.all) func aReplacedSeriesKeepsItsPlaceAndNothingElse(_ kind: TestDatabase)
        async throws
    {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor)
            var ids: [ID<Series>] = []
            for content in ["image 1", "image 2", "image 1"] {
                ids.append(try await clinic.add(doctor, item, .t2, content, name: "smith.nii").id)
            }
            let rows = try await clinic.database.read { connection in
                try connection.query(
                    """
                    SELECT s.id, s.position, s.replaced_at, s.original_filename,
                        (SELECT COUNT(*) FROM series_blobs f WHERE f.series_id = s.id) AS files
                    FROM series s ORDER BY s.position
                    """)
            }
            #expect(try rows.map { try $0.get("id", as: ID<Series>.self) } == ids)
            #expect(try rows.map { try $0.get("position", as: Int.self) } == [1, 2, 3])
            #expect(try rows.map { try $0.optional("replaced_at", as: Timestamp.self) == nil } == [false, false, true])
            #expect(try rows.map { try $0.get("original_filename", as: String.self) } == ["", "", "smith.nii"])
            #expect(try rows.map { try $0.get("files", as: Int.self) } == [0, 0, 1])
        }
    }

    /// Sequences must not be among the roles that models ignore.
    @Test func onlyFourRolesAreSequences() {
        #expect(Series.Role.allCases.compactMap(\.sequence) == MRISequence.allCases)
        for sequence in MRISequence.allCases { #expect(Series.Role(sequence).sequence == sequence) }
    }

    @Test(arguments: TestDatabase.all) func aCasesStudyHasItsDate(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor) { $0[.scanDate] = .value("2026-11-30") }
            let other = try await clinic.makeCase(doctor)
            #expect(item.study.date == "2026-11-30" && other.study.date == nil && item.study.id != other.study.id)
            let dates = try await clinic.database.read { connection in
                try connection.query("SELECT study_date FROM studies").map {
                    try $0.optional("study_date", as: String.self)
                }
            }
            #expect(Set(dates) == ["2026-11-30", nil])
        }
    }

    @Test(arguments: TestDatabase.all) func aStudyIsDescribed(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let item = try await clinic.makeCase(doctor) { $0[.studyDescription] = .value("MR brain with contrast") }
            #expect(item.study.description == "MR brain with contrast")
            var search = CaseQuery()
            search.search = "with CONTRAST"
            #expect(try await clinic.cases.list(doctor.scope, search).items.map(\.id) == [item.id])
            var form = CaseForm()
            form[.studyDescription] = .null
            #expect(try await clinic.cases.update(doctor.scope, item.id, form).study.description == nil)
        }
    }
}
