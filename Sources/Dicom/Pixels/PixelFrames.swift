/// The stored values of an image's frames: native, RLE or lossless JPEG.
package struct PixelFrames: Sendable {
    package let layout: PixelLayout
    private enum Source: Sendable {
        /// In little endian.
        case native([UInt8])
        case rle([ArraySlice<UInt8>])
        case jpegLossless([ArraySlice<UInt8>])
    }
    private let source: Source

    /// - Throws: `DicomError` if there are no pixels, or their encoding is not supported; names the transfer syntax.
    package init(_ file: DicomFile) throws {
        layout = try PixelLayout(file.dataSet)
        guard let element = file.dataSet[.pixelData] else {
            let isFloat = file.dataSet[.floatPixelData] != nil
            throw DicomError(
                .unsupported, isFloat ? "Float pixel data is not supported." : "The file contains no image.",
                tag: .pixelData)
        }
        switch (element.content, file.transferSyntax.pixels) {
        case (.bytes(let bytes), .native):
            source = .native(Self.littleEndian(bytes, element, layout))
        case (.fragments(_, let parts), .rle):
            source = .rle(try Self.frames(parts, layout))
        case (.fragments(_, let parts), .jpegLossless):
            source = .jpegLossless(try Self.frames(parts, layout))
        default:
            throw DicomError(
                .unsupported,
                "Pixels in \(file.transferSyntax.name) are not supported. Export the series uncompressed.",
                tag: .pixelData)
        }
    }

    /// The stored values of a frame from 0, row by row; the samples of a pixel follow each other.
    ///
    /// - Throws: `DicomError` if the frame is cut short or damaged.
    package func values(ofFrame index: Int) throws -> [Int] {
        guard (0..<layout.frames).contains(index) else {
            throw DicomError(.damaged, "There is no frame \(index + 1).", tag: .numberOfFrames)
        }
        switch source {
        case .native(let bytes): return try native(bytes, index)
        case .rle(let frames): return try rle(frames[index])
        case .jpegLossless(let frames):
            let values = try JPEGLosslessDecoder.values(frames[index], rows: layout.rows, columns: layout.columns)
            return values.map { layout.value(UInt32($0)) }
        }
    }

    private func native(_ bytes: [UInt8], _ index: Int) throws -> [Int] {
        if layout.bitsAllocated == 1 { return try bits(bytes, index) }
        let size = layout.frameCount * layout.width
        guard bytes.count / size > index else { throw Self.cutShort }
        let frame = bytes[(index * size)..<((index + 1) * size)]
        let planes = layout.isPlanar ? layout.samples : 1
        let pixels = layout.rows * layout.columns
        return (0..<layout.frameCount).map { place in
            let source = planes == 1 ? place : place % planes * pixels + place / planes
            return layout.value(word(frame, at: frame.startIndex + source * layout.width))
        }
    }

    private func word(_ bytes: ArraySlice<UInt8>, at place: Int) -> UInt32 {
        var word: UInt32 = 0
        for index in 0..<layout.width { word |= UInt32(bytes[place + index]) << UInt32(8 * index) }
        return word
    }

    /// PS3.5 §8.1.1: single bits follow each other from the lowest of a byte, also across frames.
    private func bits(_ bytes: [UInt8], _ index: Int) throws -> [Int] {
        let start = index * layout.frameCount
        guard bytes.count * 8 - start >= layout.frameCount else { throw Self.cutShort }
        return (start..<start + layout.frameCount).map { Int(bytes[$0 / 8] >> UInt8($0 % 8) & 1) }
    }

    private func rle(_ fragment: ArraySlice<UInt8>) throws -> [Int] {
        let pixels = layout.rows * layout.columns
        let planes = try RLEDecoder.planes(fragment, count: layout.samples * layout.width, length: pixels)
        return (0..<layout.frameCount).map { place in
            let (pixel, sample) = place.quotientAndRemainder(dividingBy: layout.samples)
            var word: UInt32 = 0
            // The most significant byte's plane comes first.
            for plane in 0..<layout.width { word = word << 8 | UInt32(planes[sample * layout.width + plane][pixel]) }
            return layout.value(word)
        }
    }

    private static let cutShort = DicomError(
        .damaged, "The pixel data is shorter than rows, columns and frames require.", tag: .pixelData)

    private static func littleEndian(
        _ bytes: ArraySlice<UInt8>, _ element: DataElement, _ layout: PixelLayout
    ) -> [UInt8] {
        guard element.isBigEndian, element.vr == .otherWord else { return Array(bytes) }
        var swapped = Array(bytes)
        let width = max(2, layout.width)
        for start in stride(from: 0, to: swapped.count - width + 1, by: width) {
            swapped[start..<start + width].reverse()
        }
        return swapped
    }

    /// One fragment for each frame, as most writers do; a single frame may be in several.
    private static func frames(
        _ parts: [ArraySlice<UInt8>], _ layout: PixelLayout
    ) throws -> [ArraySlice<UInt8>] {
        if layout.frames == 1, !parts.isEmpty { return [ArraySlice(parts.joined())] }
        guard parts.count == layout.frames else {
            throw DicomError(
                .unsupported, "The image has \(layout.frames) frames in \(parts.count) fragments.", tag: .pixelData)
        }
        return parts
    }
}
