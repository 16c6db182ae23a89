/// Volumes, lengths, areas and Dice coefficients with their subjects.
struct QuantityReader {
    let clause: Clause

    static func claims(of clause: Clause) -> [Claim] { QuantityReader(clause: clause).claims }

    private init(clause: Clause) { self.clause = clause }

    var words: [Word] { clause.words }

    private var claims: [Claim] {
        let stated = StatedQuantity.all(in: words)
        return stated.flatMap { claims(of: $0, before: stated) } + dice(stated)
    }

    private func claims(of stated: StatedQuantity, before all: [StatedQuantity]) -> [Claim] {
        guard stated.unit != .percent, !isChange(stated) else { return [] }
        if case .length = stated.unit, isDistance(stated) { return [] }
        let start = all.map(\.span.upperBound).filter { $0 < stated.span.lowerBound }.max() ?? -1
        guard let subject = subject(of: stated.span, after: start) else { return [] }
        let range = words[stated.span.lowerBound].range.lowerBound..<words[stated.span.upperBound].range.upperBound
        let groups =
            isFromTo(stated)
            ? [Array(stated.numbers.suffix(1))]
            : stated.form == .list ? stated.numbers.map { [$0] } : [stated.numbers]
        return groups.map { numbers in
            let text = numbers.map(\.text).joined(separator: stated.form == .range ? "–" : " × ")
            let relation = isFromTo(stated) ? .equal : relation(stated)
            return Claim(
                content: .quantity(numbers, stated.unit, relation, size(stated)), subject: subject,
                range: range,
                text: "\(text) \(words[stated.span.upperBound].token.text)")
        }
    }

    // MARK: What it is

    private func previous(_ place: Int) -> Word? { words.indices.contains(place - 1) ? words[place - 1] : nil }

    /// "from 120 ml", "by 35 ml", "an increase of 35 ml", "+ 35 ml".
    private func isChange(_ stated: StatedQuantity) -> Bool {
        guard let before = previous(stated.span.lowerBound), !isFromTo(stated) else { return false }
        if ["from", "by", "+", "−", "since"].contains(before.text) { return true }
        let isChanging = words.prefix(stated.span.lowerBound).contains { $0.has(.change) }
        return isChanging && before.text == "of"
    }

    /// "increased from 90 to 118.6 ml": the second number is the present one.
    private func isFromTo(_ stated: StatedQuantity) -> Bool {
        guard stated.form == .range, let before = previous(stated.span.lowerBound) else { return false }
        let isChanging = clause.has(.change) || words.contains { $0.has(.now) }
        return before.text == "up from" || before.text == "down from" || before.text == "from" && isChanging
    }

    private static let directions: Set<String> = [
        "from", "away", "to", "beyond", "below", "above", "into", "lateral", "medial", "anterior", "posterior", "deep",
        "off",
        "apart", "thick", "wide", "caudal", "cranial", "across the", "beneath", "behind", "inferior", "superior",
    ]

    /// A distance, a depth, a thickness or a shift.
    private func isDistance(_ stated: StatedQuantity) -> Bool {
        let next = words.dropFirst(stated.span.upperBound + 1).first
        if let next, Self.directions.contains(next.text) || next.has(.distance) { return true }
        return words.contains { $0.has(.distance) && !$0.has(.atLeast) || $0.has(.displacement) }
    }

    private func relation(_ stated: StatedQuantity) -> Claim.Relation {
        if stated.form == .range { return .range }
        guard let before = previous(stated.span.lowerBound) else { return .equal }
        if before.has(.atLeast) { return .atLeast }
        if before.has(.atMost) { return .atMost }
        return before.has(.hedge) ? .about : .equal
    }

    private func size(_ stated: StatedQuantity) -> Claim.Size {
        guard case .length = stated.unit, stated.form != .product else { return .any }
        let near = words.prefix(stated.span.upperBound + 4).map(\.text)
        if near.contains("perpendicular") { return .perpendicular }
        if near.contains("axial"), !near.contains("intra") { return .axial }
        let superlatives: Set<String> = [
            "largest", "maximum", "maximal", "longest", "greatest", "long", "most", "up to",
        ]
        return near.contains(where: superlatives.contains) ? .largest : .any
    }

    // MARK: Dice

    /// Numbers of 0...1 without a unit, if this or the previous clause is about Dice.
    private func dice(_ stated: [StatedQuantity]) -> [Claim] {
        guard clause.isOfDice else { return [] }
        return words.indices.compactMap { place in
            guard let number = words[place].token.number, number.value <= 1, number.text.contains("."),
                !stated.contains(where: { $0.span.contains(place) })
            else { return nil }
            let target = words.prefix(place).lastIndex { $0.has(.target) }
            return Claim(
                content: .dice(number), subject: target.map(clause.subject) ?? clause.inherited ?? Subject(),
                range: words[place].range, text: "a Dice of \(number.text)")
        }
    }
}
