/// Checks texts against facts: finds their claims about the tumour, and whether the facts support or contradict them.
package struct ClaimCheck: Sendable {
    /// A claim and its verdict.
    package struct Remark: Sendable, Equatable {
        package enum Verdict: Sendable {
            case supported, contradicted, unsupported
        }

        package enum Kind: Sendable {
            case quantity, share, location, presence, count, contact, comparison, judgement, citation
        }

        package let verdict: Verdict
        package let kind: Kind
        /// Numbered from 1, without headings.
        package let sentence: Int
        /// The claim's range in the text.
        package let range: Range<String.Index>
        /// Why it is not supported; empty if it is.
        package let reason: String
    }

    private let book: FactBook

    package init(_ facts: [Fact], limits: MethodLimits) {
        book = FactBook(facts, limits)
    }

    /// Every claim of a text written by a person, in order. Only statements about the measured tumour are claims.
    ///
    /// - Parameter limit: the maximum number of sentences to read.
    /// - Returns: the remarks, and whether the text ended within the limit.
    package func remarks(on text: String, sentences limit: Int) -> (remarks: [Remark], isWhole: Bool) {
        let script = Script(text, without: book.facts.filter { $0.kind == .quote }.compactMap(\.term))
        var reader = ClaimReader(limits: book.limits, isStrict: false)
        var context = LesionContext(book)
        let sentences = script.sentences
        let remarks = sentences.prefix(limit).enumerated().flatMap { index, span in
            if index > 0, script.isBreak(sentences[index - 1].upperBound..<span.lowerBound) { context.forget() }
            let claims = reader.claims(of: Tokenizer.tokens(of: span, in: script))
            context.read(claims)
            let judge = Judge(book: book, lesion: context.lesion)
            return claims.map { Remark($0, judge.verdict(on: $0), sentence: index + 1) }
        }
        return (remarks, sentences.count <= limit)
    }

    /// For the whole text.
    package func remarks(on text: String) -> [Remark] { remarks(on: text, sentences: .max).remarks }

    /// The problems of a sentence in a draft; empty if its cited facts support all of its claims as displayed.
    package func faults(in sentence: String, citing ids: [String]) -> [String] {
        let cited = book.facts.filter { ids.contains($0.id) }
        guard !cited.isEmpty, Set(cited.map(\.id)) == Set(ids) else {
            return ["The sentence cites no finding or one that does not exist"]
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
            case .location, .dominance: .location
            case .presence: .presence
            case .count, .pattern: .count
            case .contact: .contact
            case .order, .change: .comparison
            case .judgement: .judgement
            case .citation: .citation
            }
    }
}
