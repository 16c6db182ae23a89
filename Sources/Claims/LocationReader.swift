/// Where lesions are stated to be, and where not.
enum LocationReader {
    static func claims(of clause: Clause) -> [Claim] {
        guard !clause.isConditional else { return [] }
        // "The left hemisphere is normal" means that it has no lesion, which is a presence claim.
        guard !clause.isAbsence else { return [] }
        let isShared = clause.words.contains { ClaimUnit($0.text) == .percent } && clause.locations.count > 1
        let subject = clause.located
        return clause.locations.filter { clause.isLocated(by: $0) && !isShared && clause.places($0) }.filter {
            // "Not bilateral", "no extension beyond the frontal lobe"
            let isBilateral = $0.location.side == .both && clause.has(.pattern)
            return $0.isAffirmed || !isBilateral && !clause.isBeyond($0)
        }.map { named in
            Claim(
                content: .location(
                    named.location, isPresent: named.isAffirmed, isExtension: named.isExtension,
                    reach: clause.has(.only) ? .only : clause.isOfAll ? .all : .any),
                subject: subject, range: named.location.range, text: named.location.name)
        }
    }
}

extension Clause {
    /// The subject whose location the clause states.
    var located: Subject {
        let target = words.firstIndex { $0.has(.target) }
        var subject = target.map(subject) ?? inherited ?? Subject(lesion: lesion)
        subject.locations = []
        if words.contains(where: { $0.has(.enhances) }), subject.extents.isEmpty, !has(.negation) {
            subject.extents = [.enhancing]
        }
        return subject
    }

    /// Whether the clause places something in a location, not near it; a clause that does not mention the tumour ("the
    /// thalamus is displaced") must say so.
    func places(_ named: NamedLocation) -> Bool {
        if words.prefix(named.place).contains(where: { $0.has(.near) }) { return false }
        if isBehindUnknown(named) { return false }
        // "The brainstem is free of metastases" claims an absence.
        if let denial, named.place < denial, named.isAffirmed,
            !words.prefix(denial).contains(where: { $0.has(.target) })
        {
            return false
        }
        // "Except in the frontal lobe"
        if isExcepting, !named.isAffirmed { return false }
        // "1.1 on the left"
        if !namesTarget, words.indices.contains(where: isBare) { return false }
        return namesTarget || has(.involves) || !has(.verb)
    }

    /// Whether an unknown word separates the tumour from the location ("approaches the frontal lobe").
    private func isBehindUnknown(_ named: NamedLocation) -> Bool {
        guard let target = words.prefix(named.place).lastIndex(where: { $0.has(.target) }) else { return false }
        return words[target..<named.place].contains { $0.isUnknown && $0.text != "patient" }
    }

    fileprivate func isBeyond(_ named: NamedLocation) -> Bool {
        words.prefix(named.place).contains { $0.text == "beyond" }
    }

    /// A number without a unit.
    private func isBare(_ place: Int) -> Bool {
        guard let number = words[place].token.number, number.text.contains(where: { ".,".contains($0) }) else {
            return false
        }
        return !(words.indices.contains(place + 1) && ClaimUnit(words[place + 1].text) != nil)
    }

    /// Whether the clause is this one word.
    func isAnswer(_ word: String) -> Bool {
        let own = words.filter { !$0.isSign }
        return own.count == 1 && own[0].text == word
    }

    /// "Both lesions lie …", with only one location.
    var isOfAll: Bool {
        guard locations.count == 1 else { return false }
        return words.indices.dropLast().contains {
            ["both", "all"].contains(words[$0].text) && words[$0 + 1].has(.countable)
        }
    }

    /// In a clause that mentions another structure, only locations next to the tumour are about it.
    func isLocated(by named: NamedLocation) -> Bool {
        guard let foreign = firstIndex(.foreign) else { return true }
        return named.place < foreign
    }

    /// Adjectives and function words between "no" and what is absent.
    private static let neutral: Set<String> = [
        "evidence", "sign", "signs", "of", "any", "abnormal", "pathological", "pathologic", "contrast", "definite",
        "focal",
        "intracranial", "intra", "axial", "perifocal", "peritumoural", "surrounding", "vasogenic", "perilesional",
        "visible", "the",
        "a", "an", "there", "is", "enhancing", "contrast enhancing", "discernible", "space", "occupying", "does",
        "show", "after",
        "seen", "gross", "in", "associated", "corresponding",
    ]

    /// Whether the clause states that a region of the brain has no lesions.
    var isNormality: Bool {
        has(.normal) && !has(.foreign) && !hasUnknown && !namesTarget && !has(.negation) && !has(.other)
            // "Both hemispheres show age-appropriate white matter" is about the tissue.
            && !words.contains { $0.text == "matter" }
            && (!locations.isEmpty || words.contains { $0.text == "brain" })
    }

    /// The extents stated to be absent, empty for any lesion; `nil` if there are none.
    var absent: [Extent]? {
        guard !isExcepting else { return nil }
        if isNormality || words.contains(where: { ["tumour free", "lesion free"].contains($0.text) }) { return [] }
        // "Enhancement: none."
        if let inherited, isAnswer("none") || isAnswer("absent") || isAnswer("no") { return inherited.extents }
        guard !has(.foreign), !has(.other), !has(.contact) || !(has(.midline) || has(.surface)) else { return nil }
        if let place = firstIndex(.negatedEnhancement) { return lacksEnhancement(place) ? [.enhancing] : nil }
        guard let negation = firstIndex(.negation), !words.contains(where: { $0.has(.atLeast) || $0.has(.larger) })
        else { return nil }
        let rest = words.indices.dropFirst(negation + 1).filter { !words[$0].isSign }
        if let subject = absentSubject(before: negation, rest) { return subject }
        if words[negation].text == "absent" { return nil }
        let first = rest.first { place in
            words[place].has(.target) || words[place].has(.enhances) && words[place].text.hasPrefix("enhance")
                || !Self.neutral.contains(words[place].text)
        }
        return first.flatMap(absent)
    }

    private static let missing: Set<String> = [
        "present", "seen", "visible", "found", "detected", "identified", "evident", "noted", "demonstrated", "shown",
    ]

    /// "Enhancement is absent", "a tumour is not present": the subject, unless only a part of it is meant ("absent in the
    /// necrotic centre", "not seen on T1").
    private func absentSubject(before negation: Int, _ rest: [Int]) -> [Extent]? {
        guard let target = words.prefix(negation).lastIndex(where: { $0.has(.target) && !$0.has(.diagnosis) }),
            words[target].term?.isPart == false
        else { return nil }
        let isAbsent =
            words[negation].text == "absent"
            || rest.first.map { Self.missing.contains(words[$0].text) } == true
        guard isAbsent else { return nil }
        let scope = rest.filter { !Self.missing.contains(words[$0].text) }
        guard
            scope.allSatisfy({ Self.neutral.contains(words[$0].text) || words[$0].has(.side) || words[$0].has(.place) })
        else { return nil }
        return words[target].has(.enhances) ? [.enhancing] : words[target].term?.extents
    }

    /// "Non-enhancing lesion", but not "rim enhancement with non-enhancing areas".
    private func lacksEnhancement(_ place: Int) -> Bool {
        if words.contains(where: { $0.has(.target) && $0.term?.extents.contains(.enhancing) == true }) { return false }
        if words.prefix(place).contains(where: isBare) { return false }
        let next = words.dropFirst(place + 1).first { !$0.has(.adjective) && !$0.has(.side) && !$0.has(.place) }
        return next.map { !$0.isUnknown && (!$0.has(.target) || $0.term?.extents.isEmpty == true) } ?? true
    }

    private func absent(at place: Int) -> [Extent]? {
        let word = words[place]
        guard word.has(.target) || word.has(.enhances), !word.has(.diagnosis), !describesOther(place) else {
            return nil
        }
        if isOfPart(place) { return nil }
        if word.has(.enhances) { return [.enhancing] }
        let enhances = words.indices.contains { $0 != place && words[$0].has(.enhances) && !describesOther($0) }
        if word.term?.extents.isEmpty == true, enhances { return [.enhancing] }
        return word.term?.extents
    }

    /// Whether enhancement is denied only of a part of the tumour or of another structure: "the oedema does not enhance",
    /// "no enhancement of the oedema", "no enhancement centrally".
    private func isOfPart(_ place: Int) -> Bool {
        let word = words[place]
        let isEnhancement = word.has(.enhances) || word.term?.extents == [.enhancing]
        guard isEnhancement else { return false }
        if has(.inside) || words.contains(where: { $0.text == "around" || $0.text == "along" }) { return true }
        // "The lesion is rimmed by oedema; no enhancement there."
        if words.dropFirst(place + 1).contains(where: { $0.text == "there" || $0.text == "here" }) { return true }
        let before = words.prefix(firstIndex(.negation) ?? 0)
        if before.contains(where: isBare) { return true }
        if before.contains(where: \.isUnknown), !before.contains(where: { $0.has(.target) }) { return true }
        return words.indices.dropFirst(place + 1).contains { other in
            guard isBare(words[other]) || words[other].isUnknown else { return false }
            let between = words[(place + 1)..<other].drop {
                Self.neutral.contains($0.text) && $0.text != "of" && $0.text != "in"
            }
            return between.first.map { Self.prepositions.contains($0.text) } ?? false
        }
    }

    private static let prepositions: Set<String> = ["of", "in", "within", "at", "into"]

    /// Parts that do not enhance by definition, or of which it was not measured.
    private func isBare(_ word: Word) -> Bool {
        !Set(word.term?.extents ?? []).isDisjoint(with: [.oedema, .necrosis, .nonEnhancing])
    }

    var isAbsence: Bool { absent != nil && (isNormality || lastTargetBeforeDenial == nil) }

    /// A lesion before what it lacks ("the lesion shows no enhancement").
    var lastTargetBeforeDenial: Int? {
        guard let negation = firstIndex(.negation) else { return nil }
        return words.prefix(negation).lastIndex { $0.has(.target) }
    }
}
