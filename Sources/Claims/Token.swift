/// A number as written; `1,234` may be both 1.234 and 1234.
struct StatedNumber: Sendable, Equatable {
    struct Reading: Sendable, Equatable {
        let value: Double
        /// The value of one unit in the last written digit.
        let step: Double
    }

    let text: String
    let readings: [Reading]

    init?(_ text: String) {
        let points = text.replacing(",", with: ".")
        var readings: [Reading] = []
        let pieces = points.split(separator: ".", omittingEmptySubsequences: false)
        let groups = pieces.dropFirst()
        if pieces.count <= 2, let value = Double(points) {
            readings.append(Reading(value: value, step: Self.step(groups.first?.count ?? 0)))
        }
        if !groups.isEmpty, groups.allSatisfy({ $0.count == 3 }), pieces[0] != "0",
            text.contains(",") || groups.count > 1,
            let value = Double(pieces.joined())
        {
            readings.append(Reading(value: value, step: 1))
        }
        guard !readings.isEmpty else { return nil }
        self.text = text
        self.readings = readings
    }

    private static func step(_ decimals: Int) -> Double { (0..<decimals).reduce(1.0) { value, _ in value / 10 } }

    var value: Double { readings[0].value }
}

/// A word, number or sign with its range in the text.
struct Token: Sendable {
    enum Kind: Sendable {
        case word, sign, date
        case number(StatedNumber)
        /// `[F1, F2]`
        case citation([String])
    }

    let kind: Kind
    /// In lower case, in British spelling if the lexicon needs it.
    let text: String
    let range: Range<String.Index>
    /// Whether a hyphen joins it to the previous token.
    let isJoined: Bool

    var number: StatedNumber? {
        if case .number(let number) = kind { number } else { nil }
    }

    var isWord: Bool {
        if case .word = kind { true } else { false }
    }

    var isDate: Bool {
        if case .date = kind { true } else { false }
    }
}
