import Foundation

/// An image file's bytes without anything that could name the patient: no free text of the header, no header extensions, nothing after
/// the voxels, and a gzip frame without name and comment. Geometry, scaling and voxels are the same bits, in the same byte order.
///
/// `@unchecked Sendable`: whoever makes it asks for one piece after the other, on whichever thread.
package final class DeidentifiedNIfTI: @unchecked Sendable {
    package let isCompressed: Bool
    private let stream: ByteStream
    private let deflater: GzipDeflater?
    /// What goes out before anything more is read: the header and the voxels that were read together with it.
    private var ahead: [UInt8]
    private var voxelBytesLeft: Int
    private var isFinished = false

    private static let pieceSize = 1 << 20
    /// Level 2 costs a third of zlib's default and gives 5 % more bytes.
    private static let level: Int32 = 2

    /// - Parameter url: a file that `NIfTIFile.inspect` or `inspectLabels` has taken.
    package init(_ url: URL) throws {
        let opened = try Opened(url)
        stream = opened.stream
        isCompressed = stream.isCompressed
        deflater = isCompressed ? try GzipDeflater(level: Self.level) : nil
        ahead = opened.header.bytes + opened.voxels
        voxelBytesLeft = opened.layout.dataBytes - opened.voxels.count
    }

    /// The next bytes of the file; nil at its end.
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
            // The deflater keeps small pieces to itself.
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
            throw ImagingError(.invalidImage, "The file ends before its last voxel: upload it again.")
        }
        voxelBytesLeft -= bytes.count
        return Data(bytes)
    }
}

extension DeidentifiedNIfTI {
    /// Whether a file is the very bytes that would be made of it, but for how they are compressed.
    package static func isNeedless(for url: URL) throws -> Bool {
        let opened = try Opened(url)
        guard opened.original == opened.header.bytes else { return false }
        let rest = opened.layout.dataBytes - opened.voxels.count
        guard try opened.stream.skip(rest), try opened.stream.read(1).isEmpty else { return false }
        return try opened.stream.endsPlainly()
    }

    /// A file whose header has been read.
    private struct Opened {
        let stream: ByteStream
        let layout: NIfTIHeader.Layout
        /// Up to the first voxel.
        let header: PlainHeader
        /// The same as it stands in the file; cut short where there is more.
        let original: [UInt8]
        /// Voxel bytes that were read together with the header.
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

/// A NIfTI header of which only what places, scales and shows the voxels is left, followed by "no extensions".
struct PlainHeader {
    private(set) var bytes: [UInt8]

    static let noExtensions: [UInt8] = [0, 0, 0, 0]

    /// - Parameter original: the file's first bytes.
    init(_ header: NIfTIHeader, _ original: [UInt8]) {
        bytes = [UInt8](repeating: 0, count: header.version.length + Self.noExtensions.count)
        let fields = header.version == .one ? Self.first : Self.second
        for field in fields { bytes.replaceSubrange(field, with: original[field]) }
        let rank = Int(header.dimensions[0].clamped(to: 0...7))
        switch header.version {
        case .one:
            for index in (rank + 1)..<8 { tidy(Int16.self, 40 + 2 * index, header) }
            for index in (rank + 1)..<8 { tidyFloat(UInt32.self, Float(1).bitPattern, 76 + 4 * index, header) }
            put(Float(bytes.count).bitPattern, at: 108, header)
        case .two:
            for index in (rank + 1)..<8 { tidy(Int64.self, 16 + 8 * index, header) }
            for index in (rank + 1)..<8 { tidyFloat(UInt64.self, Double(1).bitPattern, 104 + 8 * index, header) }
            put(Int64(bytes.count), at: 168, header)
        }
    }

    /// Length, `dim_info`, `dim`, `datatype`, `bitpix`, `pixdim`, scaling, units, display range, both forms, `magic`.
    private static let first = [
        0..<4, 39..<40, 40..<56, 70..<74, 76..<108, 112..<120, 123..<124, 124..<132, 252..<328, 344..<348,
    ]
    private static let second = [
        0..<12, 12..<16, 16..<80, 104..<168, 176..<208, 344..<400, 400..<496, 500..<504, 524..<525,
    ]

    /// A length that no dimension has is 0 or 1.
    private mutating func tidy<Value: FixedWidthInteger>(_ type: Value.Type, _ offset: Int, _ header: NIfTIHeader) {
        let value = HeaderBytes(bytes: bytes, isBigEndian: header.isBigEndian).integer(offset, as: type)
        if value != 0 && value != 1 { put(Value(1), at: offset, header) }
    }

    private mutating func tidyFloat<Value: FixedWidthInteger>(
        _ type: Value.Type, _ one: Value, _ offset: Int, _ header: NIfTIHeader
    ) {
        let value = HeaderBytes(bytes: bytes, isBigEndian: header.isBigEndian).integer(offset, as: type)
        if value != 0 && value != one { put(one, at: offset, header) }
    }

    private mutating func put<Value: FixedWidthInteger>(_ value: Value, at offset: Int, _ header: NIfTIHeader) {
        withUnsafeBytes(of: header.isBigEndian ? value.bigEndian : value.littleEndian) {
            bytes.replaceSubrange(offset..<offset + $0.count, with: $0)
        }
    }
}

extension Int64 {
    fileprivate func clamped(to range: ClosedRange<Int64>) -> Int64 {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
