import Storage

/// Access to the chain for the sealer and the operator, across institutions.
extension AuditStore {
    /// All institutions, with or without entries.
    package func institutions() throws -> [InstitutionID] {
        try connection.query("SELECT id FROM institutions ORDER BY id").map { try $0.get("id") }
    }

    /// The institutions with entries to seal.
    func unsealedInstitutions() throws -> [InstitutionID] {
        try connection.query("SELECT DISTINCT institution_id FROM audit_entries WHERE chain_sequence IS NULL")
            .map { try $0.get("institution_id") }
    }

    /// Entries that are not sealed yet, oldest first.
    func unsealed(_ institution: InstitutionID, limit: Int) throws -> [AuditEntry] {
        try connection.query(
            """
            SELECT * FROM audit_entries WHERE institution_id = \(institution) AND chain_sequence IS NULL
            ORDER BY occurred_at, id LIMIT \(limit)
            """
        ).map(AuditEntry.init)
    }

    func unsealedCount(_ institution: InstitutionID) throws -> Int {
        try connection.queryOne(
            """
            SELECT COUNT(*) AS number FROM audit_entries
            WHERE institution_id = \(institution) AND chain_sequence IS NULL
            """
        )?.get("number") ?? 0
    }

    /// Sealed entries after `sequence`, in the chain's order.
    func sealed(_ institution: InstitutionID, after sequence: Int64, limit: Int) throws -> [AuditEntry] {
        try connection.query(
            """
            SELECT * FROM audit_entries WHERE institution_id = \(institution) AND chain_sequence > \(sequence)
            ORDER BY chain_sequence LIMIT \(limit)
            """
        ).map(AuditEntry.init)
    }

    /// The end of the chain as recorded by the sealer.
    package func head(_ institution: InstitutionID) throws -> AuditHead {
        let row = try connection.queryOne(
            "SELECT sequence, hash, sealed_until FROM audit_chains WHERE institution_id = \(institution)")
        guard let row else { return AuditHead(institution: institution) }
        let sequence: Int64 = try row.get("sequence")
        return AuditHead(
            institution: institution, sequence: sequence, hash: try row.get("hash"),
            sealedUntil: sequence == 0 ? nil : try row.get("sealed_until"))
    }

    /// Moves the end of the chain from `head` to `last` and locks its row until this transaction ends.
    ///
    /// - Returns: false if another sealer was first; nothing may be written then.
    func advance(_ head: AuditHead, to last: AuditSeal) throws -> Bool {
        try connection.execute(
            """
            INSERT INTO audit_chains (institution_id, sequence, hash, sealed_until)
            VALUES (\(head.institution), 0, \(AuditSeal.origin), 0) ON CONFLICT (institution_id) DO NOTHING
            """)
        let changed = try connection.execute(
            """
            UPDATE audit_chains SET sequence = \(last.sequence), hash = \(last.hash), sealed_until = \(last.sealedUntil)
            WHERE institution_id = \(head.institution) AND sequence = \(head.sequence) AND hash = \(head.hash)
            """)
        return changed == 1
    }

    /// Fills the chain's columns; the only update that the database allows on these rows.
    func seal(_ entries: [AuditEntry], _ seals: [AuditSeal]) throws {
        for part in Self.parts(of: Array(zip(entries, seals))) {
            let values = part.map { entry, seal -> SQL in
                "(\(entry.id), \(seal.sequence), \(seal.previousHash), \(seal.hash), \(seal.sealedUntil))"
            }
            let changed = try connection.execute(
                """
                UPDATE audit_entries SET chain_sequence = v.column2, previous_hash = v.column3, entry_hash = v.column4,
                    sealed_until = v.column5
                FROM (VALUES \(SQL.joined(values, by: ", "))) AS v
                WHERE audit_entries.id = v.column1 AND audit_entries.chain_sequence IS NULL
                """)
            guard changed == part.count else {
                throw DatabaseError(.statement, "Two processes sealed audit entries at the same time.")
            }
        }
    }
}
