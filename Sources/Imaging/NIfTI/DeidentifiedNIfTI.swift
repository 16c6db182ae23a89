import Foundation

/// An image file's bytes without anything that could identify the patient: no free text in the header, no header
/// extensions, nothing after the voxels, and a gzip frame without name and comment. Geometry, scaling and voxels are
/// unchanged, in the same byte order.
///
/// `@unchecked Sendable`: its owner reads one chunk after another, on any thread.
package final class DeidentifiedNIfTI: @unchecked Sendable {
    package let isCompressed: Bool
    private let stream: ByteStream
    private let deflater: GzipDeflater?
    /// Output that precedes further reads: the header and the voxels read with it.
    private var ahead: [UInt8]
    private var voxelBytesLeft: Int
    private var isFinished = false

    private static let pieceSize = 1 << 20
    /// Level 2 takes a third of the time of zlib's default for 5 % more bytes.
    private static let level: Int32 = 2

    /// - Parameter url: a file that `NIfTIFile.inspect` or `inspectLabels` has accepted.
    package init(_ url: URL) throws {
        let opened = try Opened(url)
        stream = opened.stream
        isCompressed = stream.isCompressed
        deflater = isCompressed ? try GzipDeflater(level: Self.level) : nil
        ahead = opened.header.bytes + opened.voxels
        voxelBytesLeft = opened.layout.dataBytes - opened.voxels.count
    }

    /// The next bytes of the file; `nil` at the end.
    package func next() throws -> Data? {
        while !isFinished {
            let piece = try nextPlain()
            guard let deflater else { return piece }
            var output = Data()
            if let piece {
                try piece.withUnsafeBytes { try deflater.deflate($0) { output.append(contentsOf: $0) } }
            } else {
                try deflater.finish { output.append(contentsOf: $0) }
            }
            // The deflater buffers small pieces.
            if !output.isEmpty { return output }
        }
        return nil
    }

    private func nextPlain() throws -> Data? {
        if !ahead.isEmpty {
            defer { ahead = [] }
            return Data(ahead)
        }
        guard voxelBytesLeft > 0 else {
            isFinished = true
            return nil
        }
        let bytes = try stream.read(min(voxelBytesLeft, Self.pieceSize))
        guard !bytes.isEmpty else {
            throw ImagingError(.invalidImage, "The file is truncated. Upload it again.")
        }
        voxelBytesLeft -= bytes.count
        return Data(bytes)
    }
}

extension DeidentifiedNIfTI {
    /// Whether deidentification would not change a file, apart from its compression.
    package static func isNeedless(for url: URL) throws -> Bool {
        let opened = try Opened(url)
        guard opened.original == opened.header.bytes else { return false }
        let rest = opened.layout.dataBytes - opened.voxels.count
        guard try opened.stream.skip(rest), try opened.stream.read(1).isEmpty else { return false }
        return try opened.stream.endsPlainly()
    }

    /// A file after its header has been read.
    private struct Opened {
        let stream: ByteStream
        let layout: NIfTIHeader.Layout
        /// The bytes before the first voxel.
        let header: PlainHeader
        /// The same bytes in the original file, truncated if it has more.
        let original: [UInt8]
        /// Voxel bytes that were read with the header.
        let voxels: [UInt8]

        init(_ url: URL) throws {
            stream = try ByteStream(url)
            let bytes = try stream.read(NIfTIHeader.Version.two.length + PlainHeader.noExtensions.count)
            let parsed = try NIfTIHeader(bytes)
            layout = try parsed.layout(limits: .anyVolume)
            header = PlainHeader(parsed, bytes)
            original = Array(bytes.prefix(layout.offset))
            voxels = Array(bytes.dropFirst(layout.offset).prefix(layout.dataBytes))
            let gap = layout.offset - bytes.count
            if gap > 0 { _ = try stream.skip(gap) }
        }
    }
}
