/// A phrase, number or sign of a sentence with its lexicon entry.
struct Word: Sendable {
    let text: String
    let range: Range<String.Index>
    let term: Term?
    let token: Token

    func has(_ role: Role) -> Bool { term?.roles.contains(role) ?? false }

    /// A word missing from the lexicon.
    var isUnknown: Bool { token.isWord && term == nil && ClaimUnit(text) == nil }
    var isSign: Bool { if case .sign = token.kind { true } else { false } }

    /// Whether it is a whole number without a unit that may be a year.
    var isYear: Bool {
        guard let number = token.number, number.text.count == 4 else { return false }
        return (1950...2099).contains(number.value)
    }

    /// The tokens as the longest phrases in the lexicon.
    static func words(of tokens: [Token]) -> [Word] {
        var words: [Word] = []
        var place = 0
        while place < tokens.count {
            let (found, length) = phrase(tokens, place)
            words += found
            place += length
        }
        return words.indices.map { words[$0].read(behind: words[..<$0]) }
    }

    private static let signals: Set<String> = [
        "hyperintense", "hypointense", "t2", "flair", "swi", "bright", "dark", "black",
    ]

    /// Interprets a word by those before it: "skull metastasis" refers to the skull, "hyperintense foci" do not
    /// enhance.
    private func read(behind before: ArraySlice<Word>) -> Word {
        guard has(.target), let last = before.last, last.token.isWord else { return self }
        let isForeign = last.has(.foreign) && !last.has(.target)
        let isSignal = text.hasPrefix("foc") && before.suffix(3).contains { Self.signals.contains($0.text) }
        guard isForeign || isSignal else { return self }
        return Word(text: text, range: range, term: Term(roles: .foreign), token: token)
    }

    private static func phrase(_ tokens: [Token], _ place: Int) -> ([Word], Int) {
        let first = tokens[place]
        guard first.isWord else {
            return ([Word(text: first.text, range: first.range, term: Lexicon[first.text], token: first)], 1)
        }
        let run = tokens[place...].prefix(Lexicon.longest).prefix(while: \.isWord)
        for length in stride(from: run.count, through: 1, by: -1) {
            let part = run.prefix(length)
            let text = part.map(\.text).joined(separator: " ")
            if let term = Lexicon[text], let last = part.last {
                let range = first.range.lowerBound..<last.range.upperBound
                return ([Word(text: text, range: range, term: term, token: first)], length)
            }
        }
        if let parts = Lexicon.compounds[first.text] {
            return (parts.map { Word(text: $0, range: first.range, term: Lexicon[$0], token: first) }, 1)
        }
        return ([Word(text: first.text, range: first.range, term: nil, token: first)], 1)
    }
}

/// A unit of a stated quantity.
enum ClaimUnit: Sendable, Equatable {
    case volume(Double), length(Double), area(Double), percent

    init?(_ text: String) {
        switch text {
        case "ml", "cc", "ccm", "cm3", "cm³", "millilitre", "millilitres", "milliliter", "milliliters":
            self = .volume(1000)
        case "l", "litre", "litres", "liter", "liters", "dm3", "dm³": self = .volume(1e6)
        case "mm3", "mm³", "µl", "μl", "ul", "microlitre", "microlitres": self = .volume(1)
        case "mm", "millimetre", "millimetres", "millimeter", "millimeters": self = .length(1)
        case "cm", "centimetre", "centimetres", "centimeter", "centimeters": self = .length(10)
        case "mm2", "mm²": self = .area(1)
        case "cm2", "cm²": self = .area(100)
        case "%", "percent": self = .percent
        default: return nil
        }
    }

    /// Its value in mm³, mm, mm² or as a share.
    var scale: Double {
        switch self {
        case .volume(let scale), .length(let scale), .area(let scale): scale
        case .percent: 0.01
        }
    }
}
