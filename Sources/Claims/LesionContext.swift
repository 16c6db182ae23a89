/// The lesion that a sentence of a text is about: the one that it cites or names, else the one of the sentence before it
/// in the same paragraph.
struct LesionContext {
    private let book: FactBook
    private let lesionByFact: [String: Int]
    private(set) var lesion: Int?

    init(_ book: FactBook) {
        self.book = book
        lesionByFact = Dictionary(
            book.facts.compactMap { fact in fact.lesion.map { (fact.id, $0) } }, uniquingKeysWith: { first, _ in first }
        )
    }

    /// A new paragraph or section is not about the lesion of the last one.
    mutating func forget() { lesion = nil }

    /// - Parameter claims: of the next sentence.
    mutating func read(_ claims: [Claim]) {
        let cited = Set(
            claims.compactMap { claim -> String? in
                if case .citation(let id) = claim.content { id } else { nil }
            })
        if !cited.isEmpty {
            let lesions = Set(cited.compactMap { lesionByFact[$0] })
            // Findings of the case are about all lesions.
            let isOfOne = lesions.count == 1 && cited.allSatisfy { lesionByFact[$0] != nil }
            lesion = isOfOne ? lesions.first : nil
            return
        }
        let named = claims.compactMap(lesion)
        guard !named.isEmpty else { return }
        lesion = Set(named).count == 1 ? named[0] : nil
    }

    /// The one lesion that a claim names, by its number, size or location.
    private func lesion(of claim: Claim) -> Int? {
        var subject = claim.subject
        if case .location(let location, isPresent: true, _, _) = claim.content { subject.locations.append(location) }
        guard subject.lesion != .any || !subject.locations.isEmpty, book.lesions.count > 1,
            let lesions = book.lesions(of: subject), lesions.count == 1
        else { return nil }
        return lesions[0]
    }
}
