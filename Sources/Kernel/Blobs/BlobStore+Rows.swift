import Storage

extension UploadID {
    /// The key of the upload's partial file and of the blob that it becomes.
    package var blobKey: BlobKey { BlobKey(canonical: string) }
}

extension BlobStore {
    /// Deletes the files of failed work unless a row references them after all: the response to a COMMIT may have been
    /// lost, or another process may have done the same work. Remaining unreferenced files are swept later.
    package func delete(_ keys: [BlobKey], unlessNamedIn database: any Database) async {
        guard let named = try? await database.read({ try BlobRowStore($0).named(among: keys) }) else { return }
        for key in keys where !named.contains(key) { try? await delete(key) }
    }
}
