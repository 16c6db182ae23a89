import Kernel
import Storage

/// What a feature stores for cases, as far as the rules of cases need it.
package protocol CaseContent: Sendable {
    /// The table whose rows refer to a case (`case_id`) and the job that works on it (`job_id`); `nil` without a job.
    var jobTable: SQL? { get }
    /// - Throws: `.caseSigned` if a signed report describes the current series.
    func requireUnsigned(_ scope: Scope, case id: CaseID, on connection: any DatabaseConnection) throws
    /// Whether a selected result has a signed report; prevents signing until the transaction ends.
    func lockSigned(_ scope: Scope, results: SQL, on connection: any DatabaseConnection) throws -> Bool
    /// Stops work on a case that is being deleted.
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

/// The content of cases in all features. `Composition` lists the features, which `Cases` does not know.
package struct CaseContents: Sendable {
    private let features: [any CaseContent]

    package init(_ features: [any CaseContent]) {
        self.features = features
    }

    var jobTables: [SQL] { features.compactMap(\.jobTable) }

    /// - Throws: `.caseSigned` if the case has a signed report.
    func requireUnsigned(_ scope: Scope, case id: CaseID, on connection: any DatabaseConnection) throws {
        for feature in features { try feature.requireUnsigned(scope, case: id, on: connection) }
    }

    /// Whether a selected result has a signed report.
    func lockSigned(_ scope: Scope, results: SQL, on connection: any DatabaseConnection) throws -> Bool {
        try features.contains { try $0.lockSigned(scope, results: results, on: connection) }
    }

    func stopWork(_ scope: Scope, on id: CaseID, in connection: any DatabaseConnection, at time: Timestamp) throws {
        for feature in features { try feature.stopWork(scope, on: id, in: connection, at: time) }
    }
}
