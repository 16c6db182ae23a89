/// A side and a structure of the brain, or either alone.
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

/// Of what a claim speaks: lesions, and what of them.
struct Subject: Sendable, Equatable {
    enum Lesion: Sendable, Equatable {
        case any, number(Int), largest, smallest
    }

    var lesion = Lesion.any
    /// Where the lesions lie that are meant; empty for all.
    var locations: [Location] = []
    /// Any of these; empty for the tumour as such, which may be meant with or without its oedema.
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
        let extent = extents.map(\.name).joined(separator: " or ")
        return [lesion, extent.isEmpty ? "" : "the \(extent)"].filter { !$0.isEmpty }.joined(separator: ", ")
    }
}

/// What a text says of a tumour, with its place there.
struct Claim: Sendable {
    enum Relation: Sendable {
        case equal, about, atLeast, atMost
        /// Between the first and the last number.
        case range
    }

    /// Which length is meant.
    enum Size: Sendable {
        case any, largest, axial, perpendicular
    }

    /// Whether any of the lesions is at a location, nothing of them elsewhere, or every one of them there.
    enum Reach: Sendable {
        case any, only, all
    }

    enum Content: Sendable {
        /// Numbers in mm³, mm or mm²; two or three for `a × b (× c)`.
        case quantity([StatedNumber], ClaimUnit, Relation, Size)
        case dice(StatedNumber)
        /// Per cent of a lesion in a place.
        case share(Double, step: Double, of: Location?)
        /// Per cent of one extent in another.
        case ratio(Double, step: Double, Relation, of: [Extent])
        case location(Location, isPresent: Bool, isExtension: Bool, reach: Reach)
        /// Whether there is something of the subject's extents; of any lesion where it has none.
        case presence(Bool)
        case count(Int, Relation)
        case contact(isMidline: Bool, isPresent: Bool, isCrossing: Bool)
        /// The subject's size against another's.
        case order(Order, than: Subject)
        /// From one quantity to another, and by how many per cent.
        case change(from: Double, to: Double, percent: Double)
        case judgement(String)
        case citation(String)
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
