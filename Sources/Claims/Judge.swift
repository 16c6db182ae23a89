import Foundation

/// Judges claims by facts.
struct Judge: Sendable {
    enum Verdict: Sendable, Equatable {
        case supported
        /// The facts contradict it; the reason.
        case contradicted(String)
        /// The facts do not cover it; what is missing.
        case unsupported(String)
    }

    let book: FactBook
    /// Whether a number must be the displayed value rather than any value that rounds to it.
    var isStrict = false
    /// The lesion that the sentence is about, by its citations or by the sentences before it.
    var lesion: Int?

    /// A claim that names no lesion holds if it is true of the case or of the lesion that the text is about.
    func verdict(on claim: Claim) -> Verdict {
        let verdict = plainVerdict(on: claim)
        guard let lesion, claim.subject.lesion == .any, claim.isOfOneLesion, case .contradicted = verdict else {
            return verdict
        }
        var own = claim
        own.subject.lesion = .number(lesion)
        return plainVerdict(on: own) == .supported ? .supported : verdict
    }

    private func plainVerdict(on claim: Claim) -> Verdict {
        if let missing = missingLesion(claim) { return missing }
        return switch claim.content {
        case .quantity(let numbers, let unit, let relation, let size):
            quantity(claim, numbers, unit, relation, size)
        case .dice(let number): dice(claim, number)
        case .share(let value, let step, let location): share(claim, value, step, location)
        case .ratio(let value, let step, let relation, let whole): ratio(claim, (value, step, relation), of: whole)
        case .location(let location, let isPresent, let isExtension, let reach):
            isPresent
                ? located(claim, location, isExtension, reach)
                : absent(claim.subject.extents, claim.subject, [location])
        case .presence(let isPresent):
            isPresent ? present(claim) : absent(claim.subject.extents, claim.subject, claim.subject.locations)
        case .count(let number, let relation): count(claim, number, relation)
        case .contact(let isMidline, let isPresent, let isCrossing): contact(claim, isMidline, isPresent, isCrossing)
        case .pattern(let pattern, let isPresent): self.pattern(claim, pattern, isPresent)
        case .dominance(let dominance, let places): self.dominance(claim, dominance, places)
        case .order(let order, let other): self.order(claim, order, other)
        case .change(let before, let after, let percent): change(before, after, percent)
        case .judgement(let term): .unsupported(message("“\(term)”", "this cannot be derived from the measurements"))
        case .citation(let id):
            book.facts.contains { $0.id == id }
                ? .supported : .contradicted("The text cites \(id); there is no such finding")
        }
    }

    /// The claim's lesion if it does not exist.
    private func missingLesion(_ claim: Claim) -> Verdict? {
        switch claim.content {
        case .presence(false), .location(_, isPresent: false, _, _): return nil
        default: break
        }
        let subject = claim.subject
        guard case .number(let number) = subject.lesion, book.lesions(of: subject) == nil else { return nil }
        return contradicted("lesion \(number)", measuredCount)
    }

    // MARK: Numbers

    /// Whether a number, in units of `scale`, matches a measured value.
    func matches(_ number: StatedNumber, scale: Double, _ measured: [Double], _ relation: Claim.Relation = .equal)
        -> Bool
    {
        number.readings.contains { reading in
            let stated = reading.value * scale
            return measured.contains { value in
                let tolerance = tolerance(reading, scale, value, relation)
                return switch relation {
                case .atLeast: value >= stated - tolerance
                case .atMost: value <= stated + tolerance
                default: abs(value - stated) <= tolerance
                }
            }
        }
    }

    private func tolerance(
        _ reading: StatedNumber.Reading, _ scale: Double, _ value: Double, _ relation: Claim.Relation
    ) -> Double {
        let noise = 1e-6 * max(scale, 1e-3)
        if isStrict { return noise }
        var step = reading.step
        if relation == .about, step == 1, reading.value.truncatingRemainder(dividingBy: 10) == 0 { step = 10 }
        let rounding = 0.5 * step * scale + noise
        return relation == .about ? max(rounding, 0.1 * abs(value)) : rounding
    }

    // MARK: Judgements of other kinds

    private func dice(_ claim: Claim, _ number: StatedNumber) -> Verdict {
        let regions = claim.subject.extents.isEmpty ? Region.allCases : claim.subject.extents.map(\.regions.of)
        let measured = regions.flatMap { book.facts(.predictedDice, $0) }.flatMap(values)
        guard !measured.isEmpty else {
            return isStrict ? contradicted(claim.text, "no Dice was predicted") : unmeasured(claim)
        }
        let values = measured.map { String(format: "%.2f", $0) }.listed
        return matches(number, scale: 1, measured) ? .supported : contradicted(claim.text, "\(values) was predicted")
    }

    func values(_ fact: Fact) -> [Double] {
        isStrict ? [fact.shown].compactMap { $0 } : [fact.quantity, fact.shown].compactMap { $0 }
    }

    private func change(_ before: Double, _ after: Double, _ percent: Double) -> Verdict {
        let measured = 100 * abs(after / before - 1)
        return abs(measured - percent) <= 1.5 || measured >= 100 && abs(measured + 100 - percent) <= 1.5
            ? .supported
            : contradicted("a change of \(Int(percent)) %", "the stated values give \(Int(measured.rounded())) %")
    }
}

extension Claim {
    /// Whether a claim that names no lesion may be about one of several.
    fileprivate var isOfOneLesion: Bool {
        switch content {
        case .location(_, isPresent: true, _, _), .count, .order, .pattern, .change, .citation, .judgement: false
        default: true
        }
    }
}
