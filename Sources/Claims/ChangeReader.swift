/// Checks whether the percentage follows from the quantities: "From 120 ml to 155.1 ml (+29 %)".
enum ChangeReader {
    static func claims(of clauses: [Clause]) -> [Claim] {
        let words = clauses.flatMap(\.words)
        let stated = StatedQuantity.all(in: words)
        guard words.contains(where: { $0.has(.change) }),
            let from = stated.first(where: { $0.span.lowerBound > 0 && words[$0.span.lowerBound - 1].text == "from" }),
            let to = stated.first(where: { $0.span.lowerBound == from.span.upperBound + 2 }),
            let percent = stated.first(where: { $0.unit == .percent && $0.span.lowerBound > to.span.upperBound }),
            from.unit != .percent, let before = from.numbers.first?.value, let after = to.numbers.first?.value,
            before > 0
        else { return [] }
        let value = percent.numbers.first?.value ?? 0
        let range = words[from.span.lowerBound].range.lowerBound..<words[percent.span.upperBound].range.upperBound
        return [
            Claim(
                content: .change(from: before * from.unit.scale, to: after * to.unit.scale, percent: value),
                range: range,
                text: "\(percent.numbers.first?.text ?? "") %")
        ]
    }
}
