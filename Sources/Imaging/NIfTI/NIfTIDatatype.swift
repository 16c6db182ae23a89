/// The storage type of a voxel: the scalar codes of the NIfTI-1 `datatype` field.
enum NIfTIDatatype: Int16, Sendable {
    case uint8 = 2
    case int16 = 4
    case int32 = 8
    case float32 = 16
    case float64 = 64
    case int8 = 256
    case uint16 = 512
    case uint32 = 768
    case int64 = 1024
    case uint64 = 1280

    var bytes: Int {
        switch self {
        case .uint8, .int8: 1
        case .int16, .uint16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }

    /// The standard's other codes, which are not intensities of a single MR image.
    private static let refused: [Int16: String] = [
        1: "one bit", 32: "complex numbers", 128: "RGB colours", 1536: "128-bit numbers", 1792: "complex numbers",
        2048: "complex numbers", 2304: "RGBA colours",
    ]

    /// - Throws: `ImagingError(.unsupportedImage)` for colours, complex and 128-bit numbers, `.invalidImage` for unknown codes.
    init(code: Int16) throws {
        if let known = Self(rawValue: code) {
            self = known
            return
        }
        guard let name = Self.refused[code] else {
            throw ImagingError(.invalidImage, "The header names the data type \(code), which NIfTI does not know.")
        }
        throw ImagingError(
            .unsupportedImage, "The voxels hold \(name); an MR image has one integer or real number in each voxel.")
    }
}
