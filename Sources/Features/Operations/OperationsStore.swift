import Basics
import Imaging
import Kernel
import Storage

/// The rows for operations: job counts and workers. It spans institutions and shows no personal data.
package struct OperationsStore {
    private let connection: any DatabaseConnection

    package init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    /// The number of unfinished jobs of each kind and state.
    func unfinishedJobs() throws -> [JobCount] {
        try connection.query(Self.unfinished).map { row in
            JobCount(
                kind: try row.get("kind"), status: try row.get("status"), count: try row.get("number"),
                oldest: try row.get("oldest"))
        }
    }

    /// Reads the unfinished jobs' part of an index: the number of finished jobs does not matter.
    static let unfinished: SQL = """
        SELECT kind, status, COUNT(*) AS number, MIN(created_at) AS oldest FROM jobs
        WHERE status IN \(list: [JobStatus.pending, .running]) GROUP BY status, kind ORDER BY status, kind
        """

    /// The bytes of all stored files, as counted for the institutions' quotas.
    func storedBytes() throws -> Int64 {
        try connection.queryOne(
            "SELECT CAST(COALESCE(SUM(stored_bytes), 0) AS BIGINT) AS bytes FROM institutions"
        )?.get("bytes") ?? 0
    }

    /// Since when the longest-waiting runnable job of a class has been due; `nil` if none is pending.
    func longestWait(of jobClass: JobClass, since now: Timestamp) throws -> Timestamp? {
        try connection.queryOne(
            """
            SELECT MIN(run_after) AS since FROM jobs
            WHERE class = \(jobClass) AND status = \(JobStatus.pending) AND run_after <= \(now)
            """
        )?.optional("since")
    }

    /// The number of running jobs whose lease expired before `time`.
    func runningJobs(expiredBefore time: Timestamp) throws -> Int {
        try connection.queryOne(
            """
            SELECT COUNT(*) AS number FROM jobs WHERE status = \(JobStatus.running) AND lease_expires < \(time)
            """
        )?.get("number") ?? 0
    }

    /// Workers with a heartbeat since `time`.
    func workers(heardSince time: Timestamp) throws -> [WorkerRow] {
        try connection.query("SELECT * FROM workers WHERE beat_at >= \(time) ORDER BY started_at, id").map(
            WorkerRow.init)
    }

    func heartbeat(_ worker: WorkerRow) throws {
        let model = worker.model
        try connection.execute(
            """
            INSERT INTO workers
                (id, version, classes, started_at, beat_at, model_name, model_version, model_digest,
                model_load_seconds)
            VALUES (\(worker.id), \(worker.version), \(JobClass.text(worker.classes)), \(worker.startedAt),
                \(worker.beatAt), \(model?.identity.name), \(model?.identity.version), \(model?.identity.digest), \(model?.loadSeconds))
            ON CONFLICT (id) DO UPDATE SET beat_at = excluded.beat_at, model_name = excluded.model_name,
                model_version = excluded.model_version, model_digest = excluded.model_digest,
                model_load_seconds = excluded.model_load_seconds
            """)
    }

    func remove(_ worker: WorkerID) throws {
        try connection.execute("DELETE FROM workers WHERE id = \(worker)")
    }

    /// Deletes rows of dead workers.
    func removeWorkers(silentSince time: Timestamp) throws -> Int {
        try connection.execute("DELETE FROM workers WHERE beat_at < \(time)")
    }
}

/// The number of jobs of one kind in one state.
package struct JobCount: Sendable, Equatable {
    package let kind: String
    package let status: JobStatus
    package let count: Int
    /// When the oldest of them was requested.
    package let oldest: Timestamp
}

extension WorkerRow {
    init(_ row: SQLRow) throws {
        id = try row.get("id")
        version = try row.get("version")
        // A newer version's worker may serve a class unknown to this one.
        classes = try row.get("classes", as: String.self).split(separator: ",").compactMap {
            JobClass(rawValue: String($0))
        }
        startedAt = try row.get("started_at")
        beatAt = try row.get("beat_at")
        guard let name = try row.optional("model_name", as: String.self) else {
            model = nil
            return
        }
        model = WorkerPresence.LoadedModel(
            identity: ModelIdentity(
                name: name, version: try row.get("model_version"), digest: try row.get("model_digest")),
            loadSeconds: try row.get("model_load_seconds"))
    }
}
