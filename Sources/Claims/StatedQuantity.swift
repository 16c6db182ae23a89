/// Numbers that share a unit: `6.0 and 0.7 ml`, `25 × 20 mm`, `18 to 22 mm`.
struct StatedQuantity: Sendable {
    enum Form: Sendable { case list, product, range }

    let numbers: [StatedNumber]
    let unit: ClaimUnit
    let form: Form
    /// The indices from the first number to the unit.
    let span: ClosedRange<Int>

    static func all(in words: [Word]) -> [StatedQuantity] {
        var found: [StatedQuantity] = []
        var place = 0
        while place < words.count {
            var parser = StatedQuantityParser(words: words, start: place)
            if let stated = parser.parse() {
                found.append(stated)
                place = stated.span.upperBound
            }
            place += 1
        }
        return found
    }
}

/// Parses numbers from an index up to their unit.
private struct StatedQuantityParser {
    let words: [Word]
    let start: Int
    private var numbers: [StatedNumber] = []
    private var form = StatedQuantity.Form.list

    /// The maximum number of numbers that share a unit.
    private static let most = 10

    init(words: [Word], start: Int) {
        self.words = words
        self.start = start
    }

    mutating func parse() -> StatedQuantity? {
        var place = start
        while numbers.count < Self.most, let number = number(at: place) {
            numbers.append(number)
            place += 1
            if let unit = unit(at: place) {
                guard text(place + 1) != "/" else { return nil }
                // 66 mm × 40 mm
                guard isTimes(place + 1), self.number(at: place + 2) != nil else {
                    return StatedQuantity(
                        numbers: numbers, unit: unit, form: form,
                        span: start...(text(place) == "per" ? place + 1 : place))
                }
                place += 1
            }
            guard reads(separator: text(place)) else { return nil }
            place += 1
        }
        return nil
    }

    private mutating func reads(separator: String) -> Bool {
        switch separator {
        case "×", "x", "by", "*": form = .product
        case "-", "–", "to": form = .range
        case "and", ",", "/": break
        default: return false
        }
        return true
    }

    private func number(at place: Int) -> StatedNumber? {
        words.indices.contains(place) ? words[place].token.number : nil
    }
    private func text(_ place: Int) -> String { words.indices.contains(place) ? words[place].text : "" }
    private func isTimes(_ place: Int) -> Bool { ["×", "x", "by"].contains(text(place)) }

    private func unit(at place: Int) -> ClaimUnit? {
        text(place) == "per" && text(place + 1) == "cent" ? .percent : ClaimUnit(text(place))
    }
}
