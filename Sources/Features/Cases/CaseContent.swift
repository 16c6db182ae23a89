import Kernel
import Storage

/// What one feature keeps of cases: as much of it as the rules of cases have to know.
package protocol CaseContent: Sendable {
    /// The table whose rows name a case (`case_id`) and the job that works on it (`job_id`); nil where no job does.
    var jobTable: SQL? { get }
    /// - Throws: `.caseSigned` where a signed report describes the series as they are.
    func requireUnsigned(_ scope: Scope, case id: CaseID, on connection: any DatabaseConnection) throws
    /// Whether a signed report is on one of the results, whose ids a statement selects; none is signed until the transaction ends.
    func lockSigned(_ scope: Scope, results: SQL, on connection: any DatabaseConnection) throws -> Bool
    /// Stops what works on a case that is being deleted.
    func stopWork(_ scope: Scope, on id: CaseID, in connection: any DatabaseConnection, at time: Timestamp) throws
}

extension CaseContent {
    package var jobTable: SQL? { nil }
    package func requireUnsigned(_ scope: Scope, case id: CaseID, on connection: any DatabaseConnection) throws {}
    package func lockSigned(_ scope: Scope, results: SQL, on connection: any DatabaseConnection) throws -> Bool {
        false
    }
    package func stopWork(
        _ scope: Scope, on id: CaseID, in connection: any DatabaseConnection, at time: Timestamp
    ) throws {}
}

/// Everything that hangs on cases. `Composition` lists the features, which `Cases` does not know.
package struct CaseContents: Sendable {
    private let features: [any CaseContent]

    package init(_ features: [any CaseContent]) {
        self.features = features
    }

    var jobTables: [SQL] { features.compactMap(\.jobTable) }

    /// - Throws: `.caseSigned` where the case has a signed report.
    func requireUnsigned(_ scope: Scope, case id: CaseID, on connection: any DatabaseConnection) throws {
        for feature in features { try feature.requireUnsigned(scope, case: id, on: connection) }
    }

    /// Whether a signed report is on one of the results that a statement selects.
    func lockSigned(_ scope: Scope, results: SQL, on connection: any DatabaseConnection) throws -> Bool {
        try features.contains { try $0.lockSigned(scope, results: results, on: connection) }
    }

    func stopWork(_ scope: Scope, on id: CaseID, in connection: any DatabaseConnection, at time: Timestamp) throws {
        for feature in features { try feature.stopWork(scope, on: id, in: connection, at: time) }
    }
}
