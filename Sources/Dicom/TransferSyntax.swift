/// How a data set and its pixels are encoded (PS3.5 §10, annex A).
package struct TransferSyntax: Equatable, Sendable {
    /// The encoding of pixel data.
    package enum Pixels: Equatable, Sendable {
        case native
        case rle
        case jpegLossless
        /// Compressed by a method that this code does not decode.
        case unsupported
    }

    package let uid: String
    /// The name in PS3.6 annex A.
    package let name: String
    package let isImplicitVR: Bool
    package let isBigEndian: Bool
    package let isDeflated: Bool
    package let pixels: Pixels

    private init(
        _ uid: String, _ name: String, isImplicitVR: Bool = false, isBigEndian: Bool = false, isDeflated: Bool = false,
        pixels: Pixels = .native
    ) {
        self.uid = uid
        self.name = name
        self.isImplicitVR = isImplicitVR
        self.isBigEndian = isBigEndian
        self.isDeflated = isDeflated
        self.pixels = pixels
    }

    package static let implicitLittleEndian = TransferSyntax(
        "1.2.840.10008.1.2", "Implicit VR Little Endian", isImplicitVR: true)
    package static let explicitLittleEndian = TransferSyntax("1.2.840.10008.1.2.1", "Explicit VR Little Endian")
    package static let explicitBigEndian = TransferSyntax(
        "1.2.840.10008.1.2.2", "Explicit VR Big Endian", isBigEndian: true)
    package static let deflated = TransferSyntax(
        "1.2.840.10008.1.2.1.99", "Deflated Explicit VR Little Endian", isDeflated: true)
    package static let rle = TransferSyntax("1.2.840.10008.1.2.5", "RLE Lossless", pixels: .rle)

    package static let jpegLossless = TransferSyntax(
        "1.2.840.10008.1.2.4.57", "JPEG Lossless, Process 14", pixels: .jpegLossless)
    package static let jpegLosslessFirstOrder = TransferSyntax(
        "1.2.840.10008.1.2.4.70", "JPEG Lossless, Process 14, Selection Value 1", pixels: .jpegLossless)

    private static let compressed: [String: String] = [
        "4.50": "JPEG Baseline", "4.51": "JPEG Extended", "4.80": "JPEG-LS Lossless",
        "4.81": "JPEG-LS Near-Lossless", "4.90": "JPEG 2000 Lossless", "4.91": "JPEG 2000",
        "4.92": "JPEG 2000 Part 2 Lossless", "4.93": "JPEG 2000 Part 2", "4.94": "JPIP Referenced",
        "4.95": "JPIP Referenced Deflate", "4.100": "MPEG2 Main Profile", "4.101": "MPEG2 High Level",
        "4.102": "MPEG-4 AVC/H.264", "4.107": "HEVC/H.265", "4.110": "JPEG XL Lossless",
        "4.111": "JPEG XL JPEG Recompression", "4.112": "JPEG XL", "4.201": "High-Throughput JPEG 2000 Lossless",
        "4.202": "High-Throughput JPEG 2000 RPCL Lossless", "4.203": "High-Throughput JPEG 2000",
        "8.1": "Deflated Image Frame",
    ]

    /// Any other syntax is explicit VR little endian with encoded pixels, as PS3.5 §A.4 requires of compressed ones.
    package init(uid: String) {
        let decoded: [TransferSyntax] = [
            .implicitLittleEndian, .explicitLittleEndian, .explicitBigEndian, .deflated, .rle,
            .jpegLossless, .jpegLosslessFirstOrder,
        ]
        if let known = decoded.first(where: { $0.uid == uid }) {
            self = known
            return
        }
        let prefix = "1.2.840.10008.1.2."
        let name = uid.hasPrefix(prefix) ? Self.compressed[String(uid.dropFirst(prefix.count))] : nil
        self.init(uid, name ?? "transfer syntax \(uid.filter { $0.isNumber || $0 == "." })", pixels: .unsupported)
    }
}
