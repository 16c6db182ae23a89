/// Divides the images of a series into those that can form one volume each.
struct SeriesSplit {
    struct Part {
        var frames: [ImageFrame]
        /// What distinguishes it from the series' other parts.
        var name: String?
        var warnings: [String] = []
    }

    let parts: [Part]

    /// Cosine above which two directions count as equal (0.8°).
    private static let sameDirection = 0.9999

    init(_ frames: [ImageFrame]) {
        var found = Self.byPlane(frames)
        for quality in Self.qualities {
            found = found.flatMap { part in Self.divided(part, by: quality) }
        }
        parts = found.flatMap(Self.byRepetition)
    }

    /// A property by which series are divided: its value and how a part is named after it.
    private struct Quality: Sendable {
        let value: @Sendable (ImageFrame) -> String
        let name: String
    }

    private static let qualities = [
        Quality(value: { "\($0.columns) × \($0.rows)" }, name: "size"),
        Quality(
            value: { frame in frame.pixelSpacing.map { rounded($0, 1000) }.joined(separator: " × ") },
            name: "pixel spacing"),
        Quality(value: { $0.attributes.stack ?? "" }, name: "stack"),
        Quality(value: { $0.attributes.diffusionBValue.map { rounded($0, 1) } ?? "" }, name: "b value"),
        Quality(value: { $0.attributes.echoTime.map { rounded($0, 10) } ?? "" }, name: "echo time"),
        Quality(value: { $0.attributes.inversionTime.map { rounded($0, 1) } ?? "" }, name: "inversion time"),
        Quality(value: { $0.attributes.temporalPosition.map(String.init) ?? "" }, name: "temporal position"),
        Quality(value: { $0.attributes.imageType.joined(separator: "\\") }, name: "image type"),
    ]

    private static func rounded(_ value: Double, _ scale: Double) -> String { "\((value * scale).rounded() / scale)" }

    /// Images of one orientation each.
    private static func byPlane(_ frames: [ImageFrame]) -> [Part] {
        var planes: [(row: LPSVector?, column: LPSVector?, frames: [ImageFrame])] = []
        for frame in frames {
            let place = planes.firstIndex { plane in
                isSame(plane.row, frame.rowDirection) && isSame(plane.column, frame.columnDirection)
            }
            if let place {
                planes[place].frames.append(frame)
            } else {
                planes.append((frame.rowDirection, frame.columnDirection, [frame]))
            }
        }
        return planes.enumerated().map { index, plane in
            Part(frames: plane.frames, name: planes.count > 1 ? "orientation \(index + 1)" : nil)
        }
    }

    private static func isSame(_ left: LPSVector?, _ right: LPSVector?) -> Bool {
        guard let left, let right else { return left == nil && right == nil }
        return left.dot(right) > sameDirection * left.length * right.length
    }

    private static func divided(_ part: Part, by quality: Quality) -> [Part] {
        let groups = Dictionary(grouping: part.frames, by: quality.value)
        guard groups.count > 1 else { return [part] }
        return groups.sorted { $0.key < $1.key }.map { value, frames in
            let own = "\(quality.name) \(value)"
            return Part(frames: frames, name: part.name.map { "\($0), \(own)" } ?? own, warnings: part.warnings)
        }
    }

    /// Several images at every position, which no attribute above tells apart: one part for each acquisition or run of instance numbers.
    private static func byRepetition(_ part: Part) -> [Part] {
        guard let first = part.frames.first, let row = first.rowDirection, let column = first.columnDirection else {
            return [part]
        }
        let normal = row.cross(column)
        var seen: Set<String> = []
        let frames = part.frames.filter {
            seen.insert("\($0.sopInstanceUID) \($0.index)").inserted || $0.sopInstanceUID.isEmpty
        }
        let places = Dictionary(grouping: frames) { frame in
            frame.position.map { ($0.dot(normal) * 50).whole } ?? .min
        }
        let counts = Set(places.values.map(\.count))
        guard places.count > 1, counts.count == 1, let count = counts.first, (2...64).contains(count) else {
            return [part]
        }
        let sorted = places.values.map { frames in
            frames.sorted {
                ($0.acquisitionNumber ?? 0, $0.instanceNumber ?? 0) < (
                    $1.acquisitionNumber ?? 0, $1.instanceNumber ?? 0
                )
            }
        }
        return (0..<count).map { turn in
            let own = "repetition \(turn + 1)"
            return Part(
                frames: sorted.map { $0[turn] }, name: part.name.map { "\($0), \(own)" } ?? own,
                warnings: part.warnings + ["Each position has \(count) images; they are separated by instance number."])
        }
    }
}
