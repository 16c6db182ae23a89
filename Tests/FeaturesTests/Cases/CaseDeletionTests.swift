import Imaging
import Storage
import TestSupport
import Testing

@testable import Features
@testable import Kernel

@Suite struct CaseDeletionTests {
    @Test(arguments: TestDatabase.all) func aChangeOfAnOlderRevisionIsRefused(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let made = try await clinic.makeCase(doctor)
            var form = CaseForm()
            form[.notes] = .value("first")
            let first = form
            let expected = Precondition.revision(among: [made.revision])
            let changed = try await clinic.cases.update(doctor.scope, made.id, first, if: expected)
            #expect(changed.revision == made.revision + 1)
            await #expect {
                try await clinic.cases.update(doctor.scope, made.id, first, if: expected)
            } throws: {
                isAppError($0, .preconditionFailed)
            }
            await #expect { try await clinic.cases.delete(doctor.scope, made.id, if: expected) } throws: {
                isAppError($0, .preconditionFailed)
            }
            _ = try await clinic.add(doctor, made, .t1, "image 1")
            let uploaded = try await clinic.cases.get(doctor.scope, made.id)
            #expect(uploaded.revision > changed.revision)
            try await clinic.cases.delete(
                doctor.scope, made.id, if: .revision(among: [uploaded.revision]))
        }
    }

    @Test(arguments: TestDatabase.all) func ofManyChangesAtOnceOneHolds(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let made = try await clinic.makeCase(doctor)
            let held = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        var form = CaseForm()
                        form[.notes] = .value("\(number)")
                        let change = form
                        let expected = Precondition.revision(among: [made.revision])
                        let after = try? await clinic.cases.update(doctor.scope, made.id, change, if: expected)
                        return after != nil
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(held == 1)
        }
    }

    @Test(arguments: TestDatabase.all) func aDeletedCaseIsHiddenAndComesBack(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let admin = try await clinic.signIn(.admin)
            let item = try await clinic.makeCase(doctor)
            let image = try await clinic.add(doctor, item, .t1, "image 1")
            try await clinic.cases.delete(doctor.scope, item.id)
            for person in [doctor, admin] {
                #expect(try await clinic.cases.list(person.scope, CaseQuery()).items.isEmpty)
                for attempt: @Sendable () async throws -> Void in [
                    { _ = try await clinic.cases.get(person.scope, item.id) },
                    { _ = try await clinic.cases.update(person.scope, item.id, CaseForm()) },
                    { try await clinic.cases.delete(person.scope, item.id) },
                    { _ = try await clinic.images.list(person.scope, case: item.id) },
                    { _ = try await clinic.add(person, item, .t2, "image 2") },
                ] {
                    await #expect {
                        try await attempt()
                    } throws: {
                        isAppError($0, .notFound)
                    }
                }
            }
            #expect(try await clinic.storedFiles() == [image.blob])

            var query = CaseQuery()
            query.isDeleted = true
            let listing = query
            #expect(try await clinic.cases.list(admin.scope, listing).items.map(\.id) == [item.id])
            await #expect { try await clinic.cases.list(doctor.scope, listing) } throws: { isAppError($0, .forbidden) }
            await #expect { try await clinic.cases.restore(doctor.scope, item.id) } throws: {
                isAppError($0, .forbidden)
            }
            let stranger = try await clinic.signIn(.admin, institution: try await clinic.makeInstitution())
            await #expect { try await clinic.cases.restore(stranger.scope, item.id) } throws: {
                isAppError($0, .notFound)
            }
            let restored = try await clinic.cases.restore(admin.scope, item.id)
            #expect(restored.deletedAt == nil && restored.status == .uploaded)
            #expect(try await clinic.images.list(doctor.scope, case: item.id) == [image])
            await #expect { try await clinic.cases.restore(admin.scope, item.id) } throws: {
                isAppError($0, .notFound)
            }
        }
    }

    @Test(arguments: TestDatabase.all) func retentionOverTheCaseIsGone(_ kind: TestDatabase) async throws {
        try await FeaturesFixture.with(kind) { clinic in
            let doctor = try await clinic.signIn(.doctor)
            let kept = try await clinic.add(doctor, try await clinic.makeCase(doctor), .t1, "image 0")
            let item = try await clinic.makeCase(doctor)
            _ = try await clinic.add(doctor, item, .t1, "image 1")
            _ = try await clinic.add(doctor, item, .t2, "image 2")
            try await clinic.cases.delete(doctor.scope, item.id)
            let purger = clinic.purger(retention: .seconds(3600))
            clinic.clock.advance(by: .seconds(3599))
            #expect(try await purger.purge() == 0)
            #expect(try await clinic.count("series") == 3)
            clinic.clock.advance(by: .seconds(2))
            #expect(try await purger.purge() == 1)
            #expect(try await purger.purge() == 0)
            #expect(try await clinic.count("cases") == 1)
            #expect(try await clinic.count("series") == 1)
            #expect(try await clinic.count("blobs") == 1)
            #expect(try await clinic.storedFiles() == [kept.blob])
            #expect(try await clinic.storedBytes() == kept.fileSize)
            let actions = try await clinic.actions()
            #expect(actions.contains("case.delete") && actions.contains("case.purge"))
        }
    }

    @Test(arguments: TestDatabase.all) func whatWorksOnADeletedCaseIsStopped(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            let waiting = try await ward.service.start(ward.doctor, case: ward.caseID)
            let cases = CasesService(
                database: ward.database, audit: AuditService(database: ward.database), contents: .all)
            try await cases.delete(ward.doctor, ward.caseID)
            let row = try await ward.database.read {
                try $0.queryOne("SELECT status, active_inputs FROM jobs j JOIN inference_tasks t ON t.job_id = j.id")
            }
            #expect(try row?.get("status", as: JobStatus.self) == .cancelled)
            #expect(try row?.optional("active_inputs", as: String.self) == nil)
            await #expect { try await ward.service.get(ward.doctor, waiting.id) } throws: { isAppError($0, .notFound) }
            #expect(try await ward.service.list(ward.doctor, .plain(limit: 10)).items.isEmpty)
        }
    }

    @Test(arguments: TestDatabase.all) func aRunOfADeletedCaseEndsWithoutAResult(_ kind: TestDatabase) async throws {
        try await SegmentationFixture.with(kind) { ward in
            _ = try await ward.service.start(ward.doctor, case: ward.caseID)
            let queue = ward.queue()
            let claim = try #require(try await queue.claim(by: WorkerID()))
            let cases = CasesService(
                database: ward.database, audit: AuditService(database: ward.database), contents: .all)
            try await cases.delete(ward.doctor, ward.caseID)
            let purger = CasePurgeService(
                database: ward.database, blobs: ward.blobs, partials: ward.blobs.partials, contents: .all,
                retention: .zero,
                clock: { .now.advanced(by: .seconds(60)) })
            #expect(try await purger.purge() == 0)
            #expect(try await queue.finish(claim, .completed) == .end(.cancelled))
            #expect(try await ward.count("results") == 0)
            #expect(try await purger.purge() == 1)
            for table in ["cases", "inference_tasks", "jobs", "studies", "series", "series_blobs", "blobs"] {
                #expect(try await ward.count(table) == 0, "\(table)")
            }
        }
    }
}
