import Kernel
import Storage

/// Deidentifies a series that was stored before uploads were, and stores its geometry.
package struct SeriesStripper: Sendable {
    private let database: any Database
    private let blobs: any BlobStore
    private let inspector: SeriesInspector

    package init(database: any Database, blobs: any BlobStore, inspector: SeriesInspector) {
        self.database = database
        self.blobs = blobs
        self.inspector = inspector
    }

    /// Afterwards the series' file may be served, or has been replaced.
    ///
    /// - Parameter id: the case of its files.
    package func strip(_ scope: Scope, _ series: Series, of id: CaseID, at now: Timestamp) async throws {
        guard series.header.format == nil, let file = series.files.first else { return }
        let (header, clean) = try await blobs.withFile(file.blob) { url in
            (try await inspector.header(of: url), try await inspector.deidentify(url, in: blobs))
        }
        do {
            if let clean { try await blobs.commit(clean) }
            let isReplaced = try await database.write { connection in
                let rows = BlobRowStore(connection)
                if let clean { try rows.insert(scope, clean, case: id, at: now) }
                let isReplaced = try SeriesStore(connection).replaceFile(
                    scope, series, by: clean?.key ?? file.blob, header)
                if let clean { try rows.delete(scope, [isReplaced ? file.blob : clean.key]) }
                if isReplaced {
                    try AuditStore(connection).append(
                        AuditEntry(scope, "image.strip", "image", series.id.string, at: now))
                }
                return isReplaced
            }
            if let clean { try? await blobs.delete(isReplaced ? file.blob : clean.key) }
        } catch {
            if let clean { await blobs.delete([clean.key], unlessNamedIn: database) }
            throw error
        }
    }
}
