/// Holds texts against facts: what they claim of the tumour, and whether the facts support or contradict it.
package struct ClaimCheck: Sendable {
    /// A claim of a text with the verdict on it.
    package struct Remark: Sendable, Equatable {
        package enum Verdict: Sendable {
            case supported, contradicted, unsupported
        }

        package enum Kind: Sendable {
            case quantity, share, location, presence, count, contact, comparison, judgement, citation
        }

        package let verdict: Verdict
        package let kind: Kind
        /// From 1 on, headings not counted.
        package let sentence: Int
        /// Where the text says it.
        package let range: Range<String.Index>
        /// Why it is not supported; empty where it is.
        package let reason: String
    }

    private let book: FactBook

    package init(_ facts: [Fact], limits: MethodLimits) {
        book = FactBook(facts, limits)
    }

    /// Every claim of a person's text, in its order. What is not said of the tumour as it was measured is no claim.
    ///
    /// - Parameter limit: how many sentences are read.
    /// - Returns: the remarks, and whether the text ended within the limit.
    package func remarks(on text: String, sentences limit: Int) -> (remarks: [Remark], isWhole: Bool) {
        let script = Script(text, without: book.facts.filter { $0.kind == .quote }.compactMap(\.term))
        var reader = ClaimReader(limits: book.limits, isStrict: false)
        let judge = Judge(book: book)
        let sentences = script.sentences
        let remarks = sentences.prefix(limit).enumerated().flatMap { index, span in
            reader.claims(of: Tokenizer.tokens(of: span, in: script))
                .map { Remark($0, judge.verdict(on: $0), sentence: index + 1) }
        }
        return (remarks, sentences.count <= limit)
    }

    /// Of the whole text.
    package func remarks(on text: String) -> [Remark] { remarks(on: text, sentences: .max).remarks }

    /// What keeps a sentence of a draft from being sound; empty for one whose every claim is supported by the facts that it cites,
    /// as they are shown everywhere.
    package func faults(in sentence: String, citing ids: [String]) -> [String] {
        let cited = book.facts.filter { ids.contains($0.id) }
        guard !cited.isEmpty, Set(cited.map(\.id)) == Set(ids) else {
            return ["it cites no finding or one that does not exist"]
        }
        return DraftSentence(sentence, cited: FactBook(cited, book.limits)).faults
    }
}

extension ClaimCheck.Remark {
    fileprivate init(_ claim: Claim, _ verdict: Judge.Verdict, sentence: Int) {
        (self.verdict, reason) =
            switch verdict {
            case .supported: (.supported, "")
            case .contradicted(let reason): (.contradicted, reason)
            case .unsupported(let reason): (.unsupported, reason)
            }
        kind = Kind(claim.content)
        self.sentence = sentence
        range = claim.range
    }
}

extension ClaimCheck.Remark.Kind {
    fileprivate init(_ content: Claim.Content) {
        self =
            switch content {
            case .quantity, .dice: .quantity
            case .share, .ratio: .share
            case .location: .location
            case .presence: .presence
            case .count: .count
            case .contact: .contact
            case .order, .change: .comparison
            case .judgement: .judgement
            case .citation: .citation
            }
    }
}
