/// The role of a word or phrase in a sentence.
struct Role: OptionSet, Sendable, Hashable {
    let rawValue: Int

    /// A tumour or a part of it.
    static let target = Role(rawValue: 1 << 0)
    /// Contrast uptake.
    static let enhances = Role(rawValue: 1 << 1)
    /// Another structure, disease or technical quantity: statements about it are not claims about the tumour.
    static let foreign = Role(rawValue: 1 << 2)
    static let side = Role(rawValue: 1 << 3)
    static let place = Role(rawValue: 1 << 4)
    static let negation = Role(rawValue: 1 << 5)
    /// A structure is normal.
    static let normal = Role(rawValue: 1 << 6)
    /// An earlier examination or the patient's history.
    static let prior = Role(rawValue: 1 << 7)
    static let now = Role(rawValue: 1 << 8)
    /// A condition, a threshold or a plan.
    static let conditional = Role(rawValue: 1 << 9)
    static let contact = Role(rawValue: 1 << 10)
    static let midline = Role(rawValue: 1 << 11)
    static let surface = Role(rawValue: 1 << 12)
    /// Something other than the lesions mentioned so far.
    static let other = Role(rawValue: 1 << 13)
    static let hedge = Role(rawValue: 1 << 14)
    static let verb = Role(rawValue: 1 << 15)
    static let function = Role(rawValue: 1 << 16)
    /// A word for size.
    static let measure = Role(rawValue: 1 << 17)
    static let adjective = Role(rawValue: 1 << 18)
    static let pronoun = Role(rawValue: 1 << 19)
    /// A distance, depth or thickness: a length without a finding.
    static let distance = Role(rawValue: 1 << 20)
    static let displacement = Role(rawValue: 1 << 21)
    static let change = Role(rawValue: 1 << 22)
    static let atLeast = Role(rawValue: 1 << 23)
    static let atMost = Role(rawValue: 1 << 24)
    static let larger = Role(rawValue: 1 << 25)
    static let smaller = Role(rawValue: 1 << 26)
    static let equal = Role(rawValue: 1 << 27)
    /// A diagnosis, grade or other judgement that measurements cannot support.
    static let judgement = Role(rawValue: 1 << 28)
    /// A word for countable lesions.
    static let countable = Role(rawValue: 1 << 29)
    static let extends = Role(rawValue: 1 << 30)
    /// A diagnosis used as a lesion's name: it has sides and sizes, but its absence is not the absence of a lesion.
    static let diagnosis = Role(rawValue: 1 << 31)
    static let only = Role(rawValue: 1 << 32)
    static let dice = Role(rawValue: 1 << 33)
    static let volume = Role(rawValue: 1 << 34)
    /// Another organ.
    static let elsewhere = Role(rawValue: 1 << 36)
    /// Proximity to, rather than location in, what follows.
    static let near = Role(rawValue: 1 << 37)
    /// A structure contains a part of the lesion ("infiltrated").
    static let involves = Role(rawValue: 1 << 38)
    /// No contrast uptake.
    static let negatedEnhancement = Role(rawValue: 1 << 35)
    /// An exception to what the sentence denies ("apart from", "other than").
    static let exception = Role(rawValue: 1 << 39)
    /// The pattern of several lesions, or of one on both sides.
    static let pattern = Role(rawValue: 1 << 40)
    /// Most of the lesion, all of it, or the inside of it.
    static let mainly = Role(rawValue: 1 << 41)
    static let entirely = Role(rawValue: 1 << 42)
    static let inside = Role(rawValue: 1 << 43)
}

/// A word or phrase with its lexicon entry.
struct Term: Sendable {
    var roles: Role = []
    /// The possible parts of the tumour; empty for the tumour in general.
    var extents: [Extent] = []
    /// Whether it refers to connected parts of the extent, such as foci.
    var isPart = false
    var side: Side?
    /// The name of the structure, as in findings.
    var place: String?
    /// The adjective of a structure ("frontal") needs a matching noun.
    var isAdjectivalPlace = false
}
