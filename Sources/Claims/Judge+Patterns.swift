extension Judge {
    func pattern(_ claim: Claim, _ pattern: Claim.Pattern, _ isPresent: Bool) -> Verdict {
        guard let count = book.count else { return unmeasured(claim) }
        let holds: Bool?
        switch pattern {
        case .multifocal: holds = count > 1 ? true : hasSeveralFoci ? nil : false
        case .unifocal: holds = count == 1
        case .bilateral: holds = isBilateral
        case .butterfly: holds = isButterfly
        }
        guard let holds else { return .unsupported(message(claim.text, "this was not measured")) }
        guard holds != isPresent else { return .supported }
        let isOfSides = pattern == .bilateral || pattern == .butterfly
        let measured =
            isOfSides && count > 0 ? measuredPlaces(book.lesions, isByStructure: false) : measuredCount
        return contradicted(isPresent ? claim.text : "not \(claim.text)", measured)
    }

    /// One lesion with several enhancing foci may be called multifocal.
    private var hasSeveralFoci: Bool { (book.facts(.partCount, .enhancing).first?.quantity ?? 0) > 1 }

    private var isBilateral: Bool? {
        let sides = book.lesions.map { book.side(of: $0) }
        guard !sides.contains(nil) else { return nil }
        return sides.contains(.both) || sides.contains(.left) && sides.contains(.right)
    }

    /// `nil` for a lesion at the midline that is not large enough on the other side to be bilateral.
    private var isButterfly: Bool? {
        if book.lesions.contains(where: { book.side(of: $0) == .both }) { return true }
        return book.lesions.contains { book.touches(.midlineContact, lesion: $0) == true } ? nil : false
    }

    // MARK: Shares of structures

    /// Less of a lesion in the named structures than this, or than half of that in another, is not its main part.
    private static let mainShare = 0.25
    /// A lesion with less than this in the named structures does not lie entirely in them if more than `otherShare` was
    /// measured in others; atlas and reader may differ by that.
    private static let entireShare = 0.75
    private static let otherShare = 0.2

    func dominance(_ claim: Claim, _ dominance: Claim.Dominance, _ places: [String]) -> Verdict {
        let lesions = (book.lesions(of: claim.subject) ?? []).filter { !book.facts(.location, lesion: $0).isEmpty }
        guard !lesions.isEmpty else { return unmeasured(claim) }
        if lesions.contains(where: { holds(dominance, places, $0) }) { return .supported }
        return contradicted(claim.text, measuredPlaces(lesions, isByStructure: true))
    }

    private func holds(_ dominance: Claim.Dominance, _ places: [String], _ lesion: Int) -> Bool {
        let named = places.compactMap { book.share(of: lesion, in: $0) }.reduce(0, +)
        let others = book.facts(.location, lesion: lesion).filter { !isPart($0.term ?? "", of: places) }
            .compactMap(\.quantity)
        return switch dominance {
        case .mainly: named >= Self.mainShare && named >= 0.5 * (others.max() ?? 0)
        case .entirely: named >= Self.entireShare || others.reduce(0, +) <= Self.otherShare && named > Self.otherShare
        }
    }

    private func isPart(_ structure: String, of places: [String]) -> Bool {
        if places.contains(structure) { return true }
        let isBelow = Lexicon.structuresBelow.contains(structure)
        return places.contains(isBelow ? Lexicon.infratentorial : Lexicon.supratentorial)
    }
}
