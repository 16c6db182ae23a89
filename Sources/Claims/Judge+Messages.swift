import Foundation

/// The messages of the check: what the text says, then what was measured, without a full stop.
extension Judge {
    func message(_ stated: String, _ measured: String) -> String { "The text says \(stated); \(measured)" }

    func contradicted(_ stated: String, _ measured: String) -> Verdict { .contradicted(message(stated, measured)) }

    func unmeasured(_ claim: Claim) -> Verdict { .unsupported(message(claim.text, "this was not measured")) }

    /// - Parameter measured: in mm³, mm or mm².
    func contradicted(_ claim: Claim, _ unit: ClaimUnit, _ measured: [Double]) -> Verdict {
        let name = claim.subject.name
        let values = Self.distinct(measured.sorted(by: >).map { Self.text($0, unit) })
        return contradicted(
            name.isEmpty ? claim.text : "\(claim.text) for \(name)",
            (1...Self.mostValues).contains(values.count)
                ? "\(values.listed) \(values.count == 1 ? "was" : "were") measured" : "no such value was measured")
    }

    /// The number of values that a message lists.
    private static let mostValues = 3

    private static func distinct(_ texts: [String]) -> [String] {
        texts.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// As reports display it.
    static func text(_ value: Double, _ unit: ClaimUnit) -> String {
        switch unit {
        case .volume: String(format: value < 9995 ? "%.2f ml" : "%.1f ml", value / 1000)
        case .length: String(format: "%.0f mm", value)
        case .area: String(format: "%.0f mm²", value)
        case .percent: percentage(value)
        }
    }

    static func percentage(_ share: Double) -> String {
        share > 0 && share < 0.01 ? "less than 1 %" : String(format: "%.0f %%", 100 * share)
    }

    /// `the lesion was measured in the left hemisphere (frontal lobe 62 %, insula 30 %)`
    ///
    /// - Parameter isByStructure: whether the text names a structure.
    func measuredPlaces(_ lesions: [Int], isByStructure: Bool) -> String {
        let places = Self.distinct(lesions.map { place(of: $0, isByStructure) }.filter { !$0.isEmpty })
        guard (1...Self.mostValues).contains(places.count) else { return "no lesion was measured there" }
        return "the lesion\(lesions.count == 1 ? " was" : "s were") measured in \(places.listed)"
    }

    private func place(of lesion: Int, _ isByStructure: Bool) -> String {
        let side: String =
            switch book.side(of: lesion) {
            case .both?: "both hemispheres"
            case let side?: "the \(side.rawValue) hemisphere"
            case nil: ""
            }
        let largest = book.facts(.location, lesion: lesion).sorted { ($0.quantity ?? 0) > ($1.quantity ?? 0) }
            .prefix(Self.mostValues).compactMap { fact in
                fact.term.map { "\($0) \(Self.percentage(fact.quantity ?? 0))" }
            }
        guard isByStructure, !largest.isEmpty else { return side }
        return side.isEmpty ? largest.joined(separator: ", ") : "\(side) (\(largest.joined(separator: ", ")))"
    }

    /// `2 lesions were measured`
    var measuredCount: String {
        switch book.count ?? book.lesions.count {
        case 0: "no lesion was measured"
        case 1: "one lesion was measured"
        case let count: "\(count) lesions were measured"
        }
    }
}
