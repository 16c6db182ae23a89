import CZlib
import Foundation
import Testing

/// The pixels of a PNG as 0xRRGGBB: eight bits per channel, not interlaced (PNG 1.2, §6 and §9).
struct PNGPixels {
    let width: Int
    let height: Int
    private let colours: [UInt32]

    init(_ png: Data) throws {
        let bytes = [UInt8](png)
        func number(_ offset: Int) -> Int { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
        let width = number(16)
        let height = number(20)
        let channels = bytes[25] == 6 ? 4 : 3
        var packed: [UInt8] = []
        var place = 8
        while place < bytes.count {
            let length = number(place)
            if bytes[place + 4..<place + 8].elementsEqual("IDAT".utf8) {
                packed += bytes[place + 8..<place + 8 + length]
            }
            place += length + 12
        }
        let stride = width * channels
        var raw = [UInt8](repeating: 0, count: (stride + 1) * height)
        var size = uLongf(raw.count)
        try #require(uncompress(&raw, &size, packed, uLong(packed.count)) == Z_OK && size == uLongf(raw.count))
        self.width = width
        self.height = height
        colours = Self.unfiltered(raw, stride, height, channels)
    }

    subscript(x: Int, y: Int) -> UInt32 { colours[y * width + x] }

    /// Each row begins with the type of the filter applied to it.
    private static func unfiltered(_ raw: [UInt8], _ stride: Int, _ height: Int, _ channels: Int) -> [UInt32] {
        var above = [UInt8](repeating: 0, count: stride)
        var colours: [UInt32] = []
        for row in 0..<height {
            let filter = raw[row * (stride + 1)]
            var line = Array(raw[row * (stride + 1) + 1..<(row + 1) * (stride + 1)])
            for index in 0..<stride {
                let left = index < channels ? 0 : Int(line[index - channels])
                let corner = index < channels ? 0 : Int(above[index - channels])
                let up = Int(above[index])
                let guess =
                    switch filter {
                    case 1: left
                    case 2: up
                    case 3: (left + up) / 2
                    case 4: paeth(left, up, corner)
                    default: 0
                    }
                line[index] &+= UInt8(truncatingIfNeeded: guess)
            }
            for x in Swift.stride(from: 0, to: stride, by: channels) {
                colours.append(UInt32(line[x]) << 16 | UInt32(line[x + 1]) << 8 | UInt32(line[x + 2]))
            }
            above = line
        }
        return colours
    }

    private static func paeth(_ left: Int, _ up: Int, _ corner: Int) -> Int {
        let guess = left + up - corner
        let distances = (abs(guess - left), abs(guess - up), abs(guess - corner))
        if distances.0 <= distances.1 && distances.0 <= distances.2 { return left }
        return distances.1 <= distances.2 ? up : corner
    }
}
