/// The four MR sequences that the platform supports, in the order of model inputs.
package enum MRISequence: String, CaseIterable, Codable, Sendable, Hashable, Comparable, CodingKeyRepresentable {
    case t1, t1ce, t2, flair

    /// The name as radiologists write it.
    package var displayName: String {
        switch self {
        case .t1: "T1"
        case .t1ce: "T1CE"
        case .t2: "T2"
        case .flair: "FLAIR"
        }
    }

    /// The order of preference for the series whose grid masks and volumes use: T1CE, T1, FLAIR, T2.
    package static let referenceOrder: [MRISequence] = [.t1ce, .t1, .flair, .t2]

    /// The fifteen sets of sequences that a study can have, the most complete first.
    package static var subsets: [[MRISequence]] {
        (1..<1 << allCases.count)
            .map { bits in allCases.filter { bits & 1 << $0.channel != 0 } }
            .sorted { $0.count != $1.count ? $0.count > $1.count : $0.lexicographicallyPrecedes($1) }
    }

    package static func < (left: MRISequence, right: MRISequence) -> Bool {
        left.channel < right.channel
    }

    /// The position in `allCases`, which is the channel order of model inputs.
    package var channel: Int {
        switch self {
        case .t1: 0
        case .t1ce: 1
        case .t2: 2
        case .flair: 3
        }
    }
}
