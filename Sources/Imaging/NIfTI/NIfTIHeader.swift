/// The content of a NIfTI-1 or NIfTI-2 header, with its numbers unchanged; extensions check it.
struct NIfTIHeader: Sendable {
    enum Version: Sendable {
        case one, two

        /// The length of the header in bytes; the data begins at least four bytes later.
        var length: Int { self == .one ? 348 : 540 }
    }

    let version: Version
    let isBigEndian: Bool
    /// `dim[0...7]`: the number of dimensions, then the voxels along each.
    let dimensions: [Int64]
    let datatypeCode: Int16
    let bitsPerVoxel: Int16
    /// `pixdim[0...7]`: qfac, then the spacing along each dimension in the header's unit.
    let pixelDimensions: [Double]
    let dataOffset: Double
    let slope: Double
    let intercept: Double
    let units: UInt8
    let qformCode: Int32
    let sformCode: Int32
    /// `quatern_b, c, d`.
    let quaternion: [Double]
    /// `qoffset_x, y, z`.
    let offset: [Double]
    /// `srow_x, y, z`: 3 × 4, row-major.
    let sform: [Double]

    /// - Parameter bytes: the file's first 540 bytes, or fewer if it is shorter.
    /// - Throws: `ImagingError(.invalidImage)` if they are not a NIfTI header.
    init(_ bytes: [UInt8]) throws {
        guard let kind = Self.kind(of: bytes) else {
            throw ImagingError(.invalidImage, "The file is not a NIfTI image (.nii or .nii.gz).")
        }
        guard bytes.count >= kind.version.length else {
            throw ImagingError(.invalidImage, "The NIfTI header is truncated.")
        }
        let header = HeaderBytes(bytes: bytes, isBigEndian: kind.isBigEndian)
        try Self.checkMagic(bytes, kind.version)
        self = kind.version == .one ? Self(first: header) : Self(second: header)
    }

    private struct Kind {
        let version: Version
        let isBigEndian: Bool
    }

    /// The first number is the header's length: 348 or 540, in the file's byte order.
    private static func kind(of bytes: [UInt8]) -> Kind? {
        guard bytes.count >= 4 else { return nil }
        for isBigEndian in [false, true] {
            switch HeaderBytes(bytes: bytes, isBigEndian: isBigEndian).integer(0, as: Int32.self) {
            case 348: return Kind(version: .one, isBigEndian: isBigEndian)
            case 540: return Kind(version: .two, isBigEndian: isBigEndian)
            default: continue
            }
        }
        return nil
    }

    private static func checkMagic(_ bytes: [UInt8], _ version: Version) throws {
        let magic = version == .one ? Array(bytes[344..<348]) : Array(bytes[4..<12])
        switch magic.prefix(4) {
        case [0x6e, 0x2b, 0x31, 0] where version == .one: return
        case [0x6e, 0x2b, 0x32, 0] where magic == [0x6e, 0x2b, 0x32, 0, 0x0d, 0x0a, 0x1a, 0x0a]: return
        case [0x6e, 0x69, 0x31, 0], [0x6e, 0x69, 0x32, 0]:
            throw ImagingError(
                .unsupportedImage, "The file is half of a .hdr/.img pair. Convert it to a single .nii or .nii.gz file.")
        case [0, 0, 0, 0] where version == .one:
            throw ImagingError(
                .unsupportedImage,
                "The file is in Analyze format, which does not define left and right. Convert it to NIfTI.")
        default:
            throw ImagingError(.invalidImage, "The file has an invalid NIfTI signature.")
        }
    }

    private init(first h: HeaderBytes) {
        version = .one
        isBigEndian = h.isBigEndian
        dimensions = (0..<8).map { Int64(h.integer(40 + 2 * $0, as: Int16.self)) }
        datatypeCode = h.integer(70)
        bitsPerVoxel = h.integer(72)
        pixelDimensions = (0..<8).map { h.float(76 + 4 * $0) }
        dataOffset = h.float(108)
        slope = h.float(112)
        intercept = h.float(116)
        units = h.integer(123)
        qformCode = Int32(h.integer(252, as: Int16.self))
        sformCode = Int32(h.integer(254, as: Int16.self))
        quaternion = (0..<3).map { h.float(256 + 4 * $0) }
        offset = (0..<3).map { h.float(268 + 4 * $0) }
        sform = (0..<12).map { h.float(280 + 4 * $0) }
    }

    private init(second h: HeaderBytes) {
        version = .two
        isBigEndian = h.isBigEndian
        dimensions = (0..<8).map { h.integer(16 + 8 * $0, as: Int64.self) }
        datatypeCode = h.integer(12)
        bitsPerVoxel = h.integer(14)
        pixelDimensions = (0..<8).map { h.double(104 + 8 * $0) }
        dataOffset = Double(h.integer(168, as: Int64.self))
        slope = h.double(176)
        intercept = h.double(184)
        units = UInt8(truncatingIfNeeded: h.integer(500, as: Int32.self))
        qformCode = h.integer(344)
        sformCode = h.integer(348)
        quaternion = (0..<3).map { h.double(352 + 8 * $0) }
        offset = (0..<3).map { h.double(376 + 8 * $0) }
        sform = (0..<12).map { h.double(400 + 8 * $0) }
    }
}
