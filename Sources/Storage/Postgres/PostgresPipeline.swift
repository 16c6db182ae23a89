import CPostgres

/// Several statements sent to the server before the first result is read (libpq's pipeline mode).
struct PostgresPipeline {
    private let handle: OpaquePointer?

    /// `nil` if the connection is lost.
    init?(_ handle: OpaquePointer?) {
        guard PQenterPipelineMode(handle) == 1 else { return nil }
        self.handle = handle
    }

    /// A statement without parameters.
    func send(_ text: String) {
        PQsendQueryParams(handle, text, 0, nil, nil, nil, nil, 0)
    }

    /// A prepared statement.
    func send(_ name: String, _ count: Int32, _ values: UnsafePointer<UnsafePointer<CChar>?>?) {
        PQsendQueryPrepared(handle, name, count, values, nil, nil, 0)
    }

    /// Waits for all results, in order, and ends the pipeline. Statements that could not be sent have no result: the
    /// connection is lost then.
    func results() -> [PostgresResult] {
        PQpipelineSync(handle)
        defer { PQexitPipelineMode(handle) }
        var results: [PostgresResult] = []
        while true {
            guard let pointer = PQgetResult(handle) else {
                // `nil` also ends each statement's results.
                if PQstatus(handle) == CONNECTION_OK { continue }
                return results + [PostgresResult(nil)]
            }
            guard PQresultStatus(pointer) != PGRES_PIPELINE_SYNC else {
                PQclear(pointer)
                return results
            }
            results.append(PostgresResult(pointer))
        }
    }
}
