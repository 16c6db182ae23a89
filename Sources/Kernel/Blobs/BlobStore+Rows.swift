import Storage

extension UploadID {
    /// The key of the upload's file, and then of the blob that it becomes.
    package var blobKey: BlobKey { BlobKey(canonical: string) }
}

extension BlobStore {
    /// Removes files of work that failed, but not those that a row names all the same: the answer to a COMMIT may have been lost, or
    /// another process may have done the same work. What stays without a row is swept.
    package func delete(_ keys: [BlobKey], unlessNamedIn database: any Database) async {
        guard let named = try? await database.read({ try BlobRowStore($0).named(among: keys) }) else { return }
        for key in keys where !named.contains(key) { try? await delete(key) }
    }
}
