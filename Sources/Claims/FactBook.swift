/// Facts by lesion and region, and values derived from them.
struct FactBook: Sendable {
    struct Key: Hashable {
        let kind: Fact.Kind
        let region: Region?
        let lesion: Int?
    }

    let facts: [Fact]
    let limits: MethodLimits
    /// The numbers of the lesions, 1 for the largest.
    let lesions: [Int]
    private let byKey: [Key: [Fact]]

    init(_ facts: [Fact], _ limits: MethodLimits) {
        self.facts = facts
        self.limits = limits
        lesions = Set(facts.compactMap(\.lesion)).sorted()
        byKey = Dictionary(grouping: facts) { Key(kind: $0.kind, region: $0.region, lesion: $0.lesion) }
    }

    func facts(_ kind: Fact.Kind, _ region: Region? = nil, lesion: Int? = nil) -> [Fact] {
        byKey[Key(kind: kind, region: region, lesion: lesion)] ?? []
    }

    var count: Int? { facts(.lesionCount).first?.quantity.map { Int($0) } }

    // MARK: Volumes

    /// The volume of an extent in mm³, for one lesion or all: as measured, and as derived from displayed values.
    func volumes(_ extent: Extent, lesion: Int?) -> [Double] {
        let (region, without) = extent.regions
        guard let whole = facts(.volume, region, lesion: lesion).first else { return [] }
        guard let without else { return [whole.quantity, whole.shown].compactMap { $0 } }
        guard let part = facts(.volume, without, lesion: lesion).first else { return [] }
        return [difference(whole.quantity, part.quantity), difference(whole.shown, part.shown)].compactMap { $0 }
    }

    private func difference(_ whole: Double?, _ part: Double?) -> Double? {
        guard let whole, let part else { return nil }
        return whole - part
    }

    func volume(_ extent: Extent, lesion: Int?) -> Double? { volumes(extent, lesion: lesion).first }

    /// Whether the extent exists and is large enough to be counted; `nil` if unknown.
    func isPresent(_ extent: Extent, lesion: Int?) -> Bool? {
        let (region, without) = extent.regions
        if without == nil, let parts = facts(.partCount, region, lesion: lesion).first?.quantity { return parts > 0 }
        return volume(extent, lesion: lesion).map { $0 >= limits.minimumVolume }
    }

    // MARK: Places

    func side(of lesion: Int) -> Side? { facts(.side, lesion: lesion).first?.term.flatMap(Side.init) }

    /// The share (0...1) of a lesion in a structure; `nil` if structures were not named.
    func share(of lesion: Int, in place: String) -> Double? {
        let known = facts(.location, lesion: lesion)
        guard !known.isEmpty else { return nil }
        if place == Lexicon.infratentorial || place == Lexicon.supratentorial {
            let below = known.filter { Lexicon.structuresBelow.contains($0.term ?? "") }.compactMap(\.quantity)
                .reduce(0, +)
            return place == Lexicon.infratentorial ? below : 1 - below
        }
        return known.first { $0.term == place }?.quantity ?? 0
    }

    /// `nil` if it was not measured.
    func touches(_ kind: Fact.Kind, lesion: Int) -> Bool? {
        facts(kind, lesion: lesion).first?.term.map { $0 == "yes" }
    }

    /// Whether a lesion is at least partly at a location; `nil` if that was not measured.
    func lies(_ lesion: Int, at location: Location) -> Bool? {
        if let side = location.side {
            guard let measured = self.side(of: lesion) else { return nil }
            if measured != side, measured != .both { return false }
        }
        guard let place = location.place else { return true }
        let isCompartment = [Lexicon.infratentorial, Lexicon.supratentorial].contains(place)
        let least = isCompartment ? Self.compartmentShare : Self.minimumShare
        return share(of: lesion, in: place).map { $0 >= least }
    }

    /// Less of a lesion in a structure is within the error of the atlas's borders.
    private static let minimumShare = 0.005
    /// The tentorium is not a border of the atlas's structures.
    private static let compartmentShare = 0.1

    // MARK: Subjects

    /// The subject's lesions; `nil` if it refers to one that does not exist.
    func lesions(of subject: Subject) -> [Int]? {
        switch subject.lesion {
        case .number(let number): return lesions.contains(number) ? [number] : nil
        case .largest: return lesions.first.map { [$0] } ?? []
        case .smallest: return lesions.last.map { [$0] } ?? []
        case .any:
            guard !subject.locations.isEmpty else { return lesions }
            let there = lesions.filter { lesion in subject.locations.contains { lies(lesion, at: $0) == true } }
            return there.isEmpty ? lesions : there
        }
    }

    /// The lesions whose quantities may be meant, with `nil` for all together.
    func scopes(of subject: Subject) -> [Int?] {
        guard let own = lesions(of: subject) else { return [] }
        return own.count == lesions.count && subject.lesion == .any ? [nil] + own : own
    }
}
