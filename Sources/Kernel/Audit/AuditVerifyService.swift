import Storage

/// Verifies the audit trail for the operator. It never writes.
package struct AuditVerifyService: Sendable {
    private static let part = 2000

    private let database: any Database

    package init(database: any Database) {
        self.database = database
    }

    /// The result for one institution's chain.
    package struct Verdict: Sendable {
        package let institution: InstitutionID
        /// The number of verified entries.
        package let count: Int
        /// The number of entries that are not sealed yet.
        package let unsealed: Int
        package let head: AuditHead
        /// The first thousand faults.
        package let faults: [AuditFault]
        package let faultCount: Int
    }

    /// Verifies all chains, or that of one institution.
    ///
    /// - Parameters:
    ///   - heads: externally recorded hashes of ends.
    ///   - tell: called with each institution's verdict.
    /// - Returns: the `heads` that are in no chain.
    package func verify(
        _ only: InstitutionID? = nil, heads: Set<String> = [], tell: (Verdict) throws -> Void
    ) async throws -> Set<String> {
        var missing = heads
        for institution in try await institutions(only) {
            var check = AuditChainCheck(heads: missing)
            let verdict = try await verify(institution, &check)
            missing = check.missingHeads
            try tell(verdict)
        }
        return missing
    }

    /// The ends of all chains, or of one.
    package func heads(_ only: InstitutionID? = nil) async throws -> [AuditHead] {
        let institutions = try await institutions(only)
        return try await database.read { connection in
            try institutions.map { try AuditStore(connection).head($0) }
        }
    }

    /// The entries of all institutions, or of one, oldest first, in batches.
    package func export(_ only: InstitutionID? = nil, _ query: AuditQuery) async throws -> [AuditExport] {
        let now = Timestamp.now
        return try await institutions(only).map {
            AuditExport(database: database, institution: $0, query, until: now)
        }
    }

    private func institutions(_ only: InstitutionID?) async throws -> [InstitutionID] {
        let all = try await database.read { try AuditStore($0).institutions() }
        guard let only else { return all }
        guard all.contains(only) else { throw AppError(.notFound, "Institution not found.") }
        return [only]
    }

    private func verify(_ institution: InstitutionID, _ check: inout AuditChainCheck) async throws -> Verdict {
        var last: Int64 = 0
        var head: AuditHead
        repeat {
            // Read together with the last batch, since sealing moves both.
            let (entries, end) = try await database.read { [last] connection in
                let store = AuditStore(connection)
                return (
                    try store.sealed(institution, after: last, limit: Self.part), try store.head(institution)
                )
            }
            for entry in entries { check.take(entry) }
            head = end
            guard entries.count == Self.part, let sequence = entries.last?.seal?.sequence else { break }
            last = sequence
        } while true
        let unsealed = try await database.read { connection in
            let store = AuditStore(connection)
            return (try store.unsealedCount(institution), try store.unsealed(institution, limit: Self.part))
        }
        for entry in unsealed.1 { check.takeUnsealed(entry) }
        check.finish(head)
        return Verdict(
            institution: institution, count: check.count, unsealed: unsealed.0, head: head, faults: check.faults,
            faultCount: check.faultCount)
    }
}
