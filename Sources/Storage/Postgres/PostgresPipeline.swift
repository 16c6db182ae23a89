import CPostgres

/// Several statements sent to the server before the first result is read (libpq's pipeline mode).
struct PostgresPipeline {
    private let handle: PostgresHandle

    /// `nil` if the connection is lost.
    init?(_ handle: PostgresHandle) {
        guard PQenterPipelineMode(handle.pointer) == 1 else { return nil }
        self.handle = handle
    }

    /// A statement without parameters.
    func send(_ text: String) {
        PQsendQueryParams(handle.pointer, text, 0, nil, nil, nil, nil, 0)
    }

    /// A prepared statement.
    func send(_ name: String, _ values: [String?]) {
        withOptionalCStrings(values) {
            _ = PQsendQueryPrepared(handle.pointer, name, Int32(values.count), $0, nil, nil, 0)
        }
    }

    /// Waits for all results, in order, and ends the pipeline. Statements that could not be sent have no result: the
    /// connection is lost then.
    func results(until deadline: ContinuousClock.Instant?) -> [PostgresResult] {
        PQpipelineSync(handle.pointer)
        defer { PQexitPipelineMode(handle.pointer) }
        return handle.results(until: deadline)
    }
}
