extension Judge {
    /// Up to this share of a lesion in a structure, both "spared" and "involved" are acceptable.
    private static let fairShare = 0.05

    /// A part of the lesion, whose location is not measured by itself, may be absent from a structure with less than this.
    private static let partShare = 0.3

    func located(_ claim: Claim, _ location: Location, _ isExtension: Bool, _ reach: Claim.Reach) -> Verdict {
        guard !book.lesions.isEmpty else {
            return (book.count ?? 0) == 0
                ? contradicted(location.name, "no lesion was measured") : unmeasured(claim)
        }
        var lesions = book.lesions(of: claim.subject) ?? []
        if !claim.subject.extents.isEmpty, !isStrict {
            lesions = lesions.filter { lesion in
                claim.subject.extents.contains { book.isPresent($0, lesion: lesion) != false }
            }
            if lesions.isEmpty { return contradicted(claim.subject.extents[0].name, "none was measured") }
        }
        if reach == .all, let other = lesions.first(where: { book.lies($0, at: location) == false }) {
            return contradicted(
                "all lesions in the \(location.name)",
                measuredPlaces([other], isByStructure: location.place != nil))
        }
        if reach == .only, let side = location.side, side != .both, lesions.allSatisfy({ book.side(of: $0) == .both }) {
            return contradicted("only \(location.name)", "the lesion was measured in both hemispheres")
        }
        return location.side == .both
            ? onBothSides(lesions, location, isExtension) : onOneSide(lesions, location, isExtension)
    }

    private func onOneSide(_ lesions: [Int], _ location: Location, _ isExtension: Bool) -> Verdict {
        let answers = lesions.map { book.lies($0, at: location) }
        if answers.contains(true) {
            guard isStrict, let side = location.side, !lesions.contains(where: { book.side(of: $0) == side }) else {
                return .supported
            }
        }
        return otherwise(answers, lesions, location, isExtension)
    }

    private func onBothSides(_ lesions: [Int], _ location: Location, _ isExtension: Bool) -> Verdict {
        let there = lesions.filter { book.lies($0, at: Location(place: location.place, range: location.range)) == true }
        let sides = Set(there.compactMap { book.side(of: $0) })
        if sides.contains(.both) || sides.isSuperset(of: [.left, .right]) { return .supported }
        let answers = lesions.map { book.side(of: $0) == .both ? book.lies($0, at: location) : false }
        return otherwise(answers, lesions, location, isExtension)
    }

    /// The verdict on a location if no lesion was measured there.
    private func otherwise(_ answers: [Bool?], _ lesions: [Int], _ location: Location, _ isExtension: Bool) -> Verdict {
        let wrong = message(location.name, measuredPlaces(lesions, isByStructure: location.place != nil))
        if isStrict { return .contradicted(wrong) }
        if answers.contains(where: { $0 == nil }) { return .unsupported(wrong) }
        // A lesion at the midline may cross it without being large enough on the other side to be bilateral.
        if isExtension, location.side != nil,
            lesions.contains(where: { book.touches(.midlineContact, lesion: $0) == true })
        {
            return .unsupported(wrong)
        }
        return .contradicted(wrong)
    }

    /// Judges whether `extents` (or any lesion, if empty) are absent at the locations, or anywhere.
    func absent(_ extents: [Extent], _ subject: Subject, _ locations: [Location]) -> Verdict {
        var subject = subject
        subject.locations = []
        let name = extents.first?.name ?? "lesion"
        guard let lesions = book.lesions(of: subject) else { return .supported }
        if lesions.isEmpty { return absentOverall(extents, name) }
        var isKnown = true
        for lesion in lesions {
            let presence = extents.isEmpty ? true : extents.lazy.compactMap { book.isPresent($0, lesion: lesion) }.first
            if presence == nil { isKnown = false }
            guard presence == true else { continue }
            if locations.isEmpty { return contradicted("no \(name)", measured(extents, lesion)) }
            let least = extents.isEmpty ? Self.fairShare : Self.partShare
            for location in locations where fills(lesion, location, least) {
                return contradicted(
                    "no \(name) in \(location.phrase)",
                    measuredPlaces([lesion], isByStructure: location.place != nil))
            }
        }
        return isKnown ? .supported : .unsupported(message("no \(name)", "this was not measured"))
    }

    private func measured(_ extents: [Extent], _ lesion: Int?) -> String {
        guard let extent = extents.first, let volume = book.volume(extent, lesion: lesion) else { return measuredCount }
        return "\(Self.text(volume, .volume(1000))) was measured"
    }

    private func absentOverall(_ extents: [Extent], _ name: String) -> Verdict {
        let presence =
            extents.isEmpty
            ? book.count.map { $0 > 0 } : extents.lazy.compactMap { book.isPresent($0, lesion: nil) }.first
        return switch presence {
        case true?: contradicted("no \(name)", measured(extents, nil))
        case false?: .supported
        case nil: .unsupported(message("no \(name)", "this was not measured"))
        }
    }

    /// Whether more of a lesion is at a location than atlas and reader may differ by.
    private func fills(_ lesion: Int, _ location: Location, _ least: Double) -> Bool {
        if let side = location.side, side != .both, let measured = book.side(of: lesion), measured != .both,
            measured != side
        {
            return false
        }
        guard let place = location.place else {
            // A hemisphere is cerebral.
            let below = ["cerebellum", "brainstem"].compactMap { book.share(of: lesion, in: $0) }.reduce(0, +)
            return below < 0.5
        }
        return (book.share(of: lesion, in: place) ?? 0) >= least
    }

    func present(_ claim: Claim) -> Verdict {
        guard !claim.subject.extents.isEmpty else {
            guard let count = book.count else { return unmeasured(claim) }
            return count == 0 ? contradicted(claim.text, "no lesion was measured") : .supported
        }
        let scopes = book.scopes(of: claim.subject)
        let known = scopes.flatMap { lesion in claim.subject.extents.compactMap { book.isPresent($0, lesion: lesion) } }
        if known.contains(true) { return .supported }
        return known.isEmpty ? unmeasured(claim) : contradicted(claim.subject.extents[0].name, "none was measured")
    }

    func contact(_ claim: Claim, _ isMidline: Bool, _ isPresent: Bool, _ isCrossing: Bool) -> Verdict {
        let lesions = book.lesions(of: claim.subject) ?? []
        let kind: Fact.Kind = isMidline ? .midlineContact : .cortexContact
        let wrong = message(
            "“\(claim.text)”",
            "\(isPresent ? "no contact" : "contact") with the \(isMidline ? "midline" : "cortical surface") was measured"
        )
        let known = lesions.compactMap { book.touches(kind, lesion: $0) }
        guard !known.isEmpty else { return isStrict ? .contradicted(wrong) : .unsupported(wrong) }
        if isMidline, isCrossing {
            let crosses = lesions.contains { book.side(of: $0) == .both }
            if isPresent {
                return crosses ? .supported : known.contains(true) ? .unsupported(wrong) : .contradicted(wrong)
            }
            return crosses ? .contradicted(wrong) : .supported
        }
        if isPresent { return known.contains(true) ? .supported : .contradicted(wrong) }
        if !known.contains(true) { return .supported }
        return known.contains(false) ? .unsupported(wrong) : .contradicted(wrong)
    }
}
