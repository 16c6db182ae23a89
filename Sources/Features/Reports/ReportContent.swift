import Kernel
import Storage

/// The reports on cases.
package struct ReportContent: CaseContent {
    package init() {}

    package var jobTable: SQL? { "reports" }

    package func requireUnsigned(_ scope: Scope, case id: CaseID, on connection: any DatabaseConnection) throws {
        try ReportStore(connection).requireUnsigned(scope, case: id)
    }

    package func lockSigned(_ scope: Scope, results: SQL, on connection: any DatabaseConnection) throws -> Bool {
        try ReportStore(connection).lockSigned(scope, results: results)
    }
}
