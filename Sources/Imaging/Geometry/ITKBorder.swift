import CITK

/// Calls into the ITK shim; maps its statuses to errors.
enum ITKBorder {
    /// - Throws: `ImagingError(.internalFault)` naming `step`, or `.cancelled`.
    static func run(_ step: String, _ work: (UnsafeMutablePointer<citk_error>) -> citk_status) throws {
        var failure = citk_error()
        switch work(&failure) {
        case CITK_OK: return
        case CITK_CANCELLED: throw ImagingError(.cancelled, "The work was cancelled.")
        default:
            let text = text(of: failure)
            throw ImagingError.outOfMemory(accordingTo: text)
                ?? ImagingError(.internalFault, "The imaging library failed while \(step): \(text)")
        }
    }

    static func text(of failure: citk_error) -> String {
        withUnsafeBytes(of: failure.message) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    static func size(_ size: GridSize) -> [Int32] { size.lengths.map(Int32.init) }
}

extension citk_grid {
    init(_ grid: VoxelGrid) {
        self.init()
        withUnsafeMutableBytes(of: &size) { $0.copyBytes(from: ITKBorder.size(grid.size).bytes) }
        withUnsafeMutableBytes(of: &affine) { $0.copyBytes(from: grid.affine.rows.bytes) }
    }
}

extension Array {
    fileprivate var bytes: [UInt8] { withUnsafeBytes(Array<UInt8>.init) }
}
