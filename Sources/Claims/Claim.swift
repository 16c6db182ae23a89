/// A side, a structure of the brain, or both.
struct Location: Sendable, Equatable {
    var side: Side?
    var place: String?
    let range: Range<String.Index>

    var name: String {
        switch (side, place) {
        case (let side?, let place?): side == .both ? "\(place) on both sides" : "\(side.rawValue) \(place)"
        case (let side?, nil): side == .both ? "both hemispheres" : "\(side.rawValue) hemisphere"
        case (nil, let place): place ?? ""
        }
    }
}

extension Location {
    /// `the left frontal lobe`, `both hemispheres`
    var phrase: String { side == .both && place == nil ? name : "the \(name)" }
}

/// The subject of a claim: lesions, and which part of them.
struct Subject: Sendable, Equatable {
    enum Lesion: Sendable, Equatable {
        case any, number(Int), largest, smallest
    }

    var lesion = Lesion.any
    /// The locations of the lesions; empty for all lesions.
    var locations: [Location] = []
    /// Any of these; empty for the tumour in general, with or without its oedema.
    var extents: [Extent] = []
    var isPart = false

    var name: String {
        let lesion =
            switch lesion {
            case .any: ""
            case .number(let number): "lesion \(number)"
            case .largest: "the largest lesion"
            case .smallest: "the smallest lesion"
            }
        let extent = extents.map { "the \($0.name)" }.joined(separator: " or ")
        return [extent, lesion].filter { !$0.isEmpty }.joined(separator: " of ")
    }
}

/// A statement about a tumour, with its range in the text.
struct Claim: Sendable {
    enum Relation: Sendable {
        case equal, about, atLeast, atMost
        /// Between the first and the last number.
        case range
    }

    /// The kind of length.
    enum Size: Sendable {
        case any, largest, axial, perpendicular
    }

    /// Whether any lesion is at a location, none is elsewhere, or every lesion is there.
    enum Reach: Sendable {
        case any, only, all
    }

    enum Content: Sendable {
        /// Numbers in mm³, mm or mm²; two or three for `a × b (× c)`.
        case quantity([StatedNumber], ClaimUnit, Relation, Size)
        case dice(StatedNumber)
        /// The percentage of a lesion in a location.
        case share(Double, step: Double, of: Location?)
        /// The percentage of one extent in another.
        case ratio(Double, step: Double, Relation, of: [Extent])
        case location(Location, isPresent: Bool, isExtension: Bool, reach: Reach)
        /// Whether the subject's extents exist; any lesion if it has none.
        case presence(Bool)
        case count(Int, Relation)
        case contact(isMidline: Bool, isPresent: Bool, isCrossing: Bool)
        /// Several lesions, one only, or a lesion on both sides.
        case pattern(Pattern, isPresent: Bool)
        /// The part of a lesion in these structures together.
        case dominance(Dominance, places: [String])
        /// The subject's size relative to another's.
        case order(Order, than: Subject)
        /// From one quantity to another, and the change in per cent.
        case change(from: Double, to: Double, percent: Double)
        case judgement(String)
        case citation(String)
    }

    enum Pattern: Sendable {
        case multifocal, unifocal, bilateral, butterfly
    }

    /// The greater part of a lesion, or all of it.
    enum Dominance: Sendable {
        case mainly, entirely
    }

    enum Order: Sendable {
        case larger, smaller, equal, largest, smallest
    }

    let content: Content
    var subject = Subject()
    let range: Range<String.Index>
    /// As written.
    let text: String
}
