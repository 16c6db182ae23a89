/// What a word or phrase of a report does in a sentence.
struct Role: OptionSet, Sendable, Hashable {
    let rawValue: Int

    /// A tumour or a part of it.
    static let target = Role(rawValue: 1 << 0)
    /// That something takes up contrast medium.
    static let enhances = Role(rawValue: 1 << 1)
    /// Another structure, disease or technical quantity: what is said of it is no claim on the tumour.
    static let foreign = Role(rawValue: 1 << 2)
    static let side = Role(rawValue: 1 << 3)
    static let place = Role(rawValue: 1 << 4)
    static let negation = Role(rawValue: 1 << 5)
    /// That a structure is normal.
    static let normal = Role(rawValue: 1 << 6)
    /// An earlier examination or the patient's history.
    static let prior = Role(rawValue: 1 << 7)
    static let now = Role(rawValue: 1 << 8)
    /// A condition, a threshold or a plan.
    static let conditional = Role(rawValue: 1 << 9)
    static let contact = Role(rawValue: 1 << 10)
    static let midline = Role(rawValue: 1 << 11)
    static let surface = Role(rawValue: 1 << 12)
    /// Something beyond the lesions of which the text has spoken.
    static let other = Role(rawValue: 1 << 13)
    static let hedge = Role(rawValue: 1 << 14)
    static let verb = Role(rawValue: 1 << 15)
    static let function = Role(rawValue: 1 << 16)
    /// A word for a size.
    static let measure = Role(rawValue: 1 << 17)
    static let adjective = Role(rawValue: 1 << 18)
    static let pronoun = Role(rawValue: 1 << 19)
    /// A distance, depth or thickness: a length that no finding measures.
    static let distance = Role(rawValue: 1 << 20)
    static let displacement = Role(rawValue: 1 << 21)
    static let change = Role(rawValue: 1 << 22)
    static let atLeast = Role(rawValue: 1 << 23)
    static let atMost = Role(rawValue: 1 << 24)
    static let larger = Role(rawValue: 1 << 25)
    static let smaller = Role(rawValue: 1 << 26)
    static let equal = Role(rawValue: 1 << 27)
    /// A diagnosis, a grade or another judgement that no measurement carries.
    static let judgement = Role(rawValue: 1 << 28)
    /// A word for lesions that can be counted.
    static let countable = Role(rawValue: 1 << 29)
    static let extends = Role(rawValue: 1 << 30)
    /// A diagnosis as the name of the lesion: has sides and sizes, but its absence is no absence of a lesion.
    static let diagnosis = Role(rawValue: 1 << 31)
    static let only = Role(rawValue: 1 << 32)
    static let dice = Role(rawValue: 1 << 33)
    static let volume = Role(rawValue: 1 << 34)
    /// Another organ.
    static let elsewhere = Role(rawValue: 1 << 36)
    /// That something is near, not in, what follows.
    static let near = Role(rawValue: 1 << 37)
    /// That a structure holds a part of the lesion ("infiltrated").
    static let involves = Role(rawValue: 1 << 38)
    /// That the lesion takes up no contrast medium.
    static let negatedEnhancement = Role(rawValue: 1 << 35)
}

/// A word or phrase with what the lexicon knows of it.
struct Term: Sendable {
    var roles: Role = []
    /// What of the tumour it may mean; empty for the tumour as such.
    var extents: [Extent] = []
    /// Whether it means connected parts of the extent, such as foci.
    var isPart = false
    var side: Side?
    /// The name of the structure, as findings have it.
    var place: String?
    /// The adjective of a structure ("frontal") needs a noun that goes with it.
    var isAdjectivalPlace = false
}
