import Foundation

/// Reads a file: the checked header, then the voxels in chunks.
struct NIfTIReader {
    let grid: VoxelGrid
    let forms: NIfTIForms
    let layout: NIfTIHeader.Layout
    private let stream: ByteStream
    var isCompressed: Bool { stream.isCompressed }
    /// Trailing bytes that some writers leave; more is rejected, so that decompression always ends.
    private static let slack = 1 << 16
    private static let pieceVoxels = 1 << 16

    init(_ url: URL, limits: NIfTILimits) throws {
        stream = try ByteStream(url)
        let bytes = try stream.read(NIfTIHeader.Version.two.length)
        let header = try NIfTIHeader(bytes)
        try header.checkSpacing()
        layout = try header.layout(limits: limits)
        grid = try header.grid(size: layout.size)
        forms = try NIfTIForms(header)
        if limits.needsAgreement { try header.checkAgreement() }
        try limits.check(grid)
        if !stream.isCompressed, stream.fileSize < layout.offset + layout.dataBytes { throw Self.cutShort }
        leadIn = Array(bytes.dropFirst(layout.offset))
        let ahead = layout.offset - bytes.count
        if ahead > 0, try !stream.skip(ahead) { throw Self.cutShort }
    }

    /// Voxel bytes that were read with a NIfTI-1 header.
    private let leadIn: [UInt8]

    private static let cutShort = ImagingError(
        .invalidImage, "The file is truncated. Upload it again.")

    /// Calls `body` with consecutive chunks of intensities; call it once.
    func forEachPiece(_ body: (UnsafeMutableBufferPointer<Float>) -> Void) throws {
        let decoder = VoxelDecoder(layout: layout)
        let width = layout.datatype.bytes
        let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceVoxels * width, alignment: 16)
        let output = UnsafeMutableBufferPointer<Float>.allocate(capacity: Self.pieceVoxels)
        defer {
            raw.deallocate()
            output.deallocate()
        }
        output.initialize(repeating: 0)
        var rest = layout.size.count
        var ahead = leadIn[...]
        while rest > 0 {
            let count = min(rest, Self.pieceVoxels)
            let bytes = UnsafeMutableRawBufferPointer(rebasing: raw[..<(count * width)])
            let early = min(ahead.count, bytes.count)
            UnsafeMutableRawBufferPointer(rebasing: bytes[..<early]).copyBytes(from: ahead.prefix(early))
            ahead = ahead.dropFirst(early)
            let later = try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[early...]))
            guard early + later == bytes.count else { throw Self.cutShort }
            let piece = UnsafeMutableBufferPointer(rebasing: output[..<count])
            decoder.decode(bytes, into: piece)
            body(piece)
            rest -= count
        }
        try checkEnd()
    }

    /// Reads to the end, so that gzip's checksum is verified.
    private func checkEnd() throws {
        guard try stream.read(Self.slack + 1).count <= Self.slack else {
            throw ImagingError(.invalidImage, "The file contains more data than its header declares.")
        }
    }
}
