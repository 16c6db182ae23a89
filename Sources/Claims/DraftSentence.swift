/// Checks a draft's sentence against its cited facts, which must support all of it.
struct DraftSentence {
    private let claims: [Claim]
    private let cited: FactBook

    init(_ text: String, cited: FactBook) {
        self.cited = cited
        let script = Script(text, without: cited.facts.filter { $0.kind == .quote }.compactMap(\.term))
        var reader = ClaimReader(limits: cited.limits, isStrict: true)
        claims = script.sentences.flatMap { reader.claims(of: Tokenizer.tokens(of: $0, in: script)) }
    }

    var faults: [String] {
        let judge = Judge(book: cited, isStrict: true)
        let verdicts = claims.compactMap { claim -> String? in
            switch judge.verdict(on: claim) {
            case .supported: nil
            case .contradicted(let reason), .unsupported(let reason): reason
            }
        }
        return verdicts + lesions + shares
    }

    /// A sentence is about one lesion, the one that it names.
    private var lesions: [String] {
        let own = Set(cited.facts.compactMap(\.lesion))
        if own.count > 1 { return ["The sentence cites findings of several lesions"] }
        let named = claims.compactMap { claim -> Int? in
            if case .number(let number) = claim.subject.lesion { number } else { nil }
        }
        guard let number = named.first(where: { number in cited.facts.contains { $0.lesion != number } }) else {
            return []
        }
        return ["The text says lesion \(number); findings of another lesion are cited"]
    }

    /// Every structure is stated with its share.
    private var shares: [String] {
        let places = Set(
            claims.compactMap { claim -> String? in
                if case .location(let location, _, _, _) = claim.content { location.place } else { nil }
            })
        let shared = Set(
            claims.compactMap { claim -> String? in
                if case .share(_, _, let location) = claim.content { location?.place } else { nil }
            })
        return places.subtracting(shared).sorted().map { "The text says \($0); its share is not stated" }
    }
}
