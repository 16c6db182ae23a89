import Foundation
import Imaging

/// What a sentence speaks of: the lesion and the regions that it names, and the findings that belong to them.
struct TextSubject {
    let lesion: Int?
    let regions: Set<TumourRegion>
    /// Findings of the lesion that is named; all where none is.
    let own: [Finding]

    init(_ sentence: String, _ findings: [Finding]) {
        let lowered = sentence.lowercased()
        lesion = lowered.firstMatch(of: /lesion ([0-9]+)/).flatMap { Int($0.output.1) }
        let names: [(Regex<Substring>, TumourRegion)] = [
            (#/whole tumou?r/#, .wholeTumour), (#/tumou?r core/#, .tumourCore),
            (#/(?:^|[^-a-z])enhancing (?:tumou?r|part|component|portion)/#, .enhancingTumour),
        ]
        regions = Set(names.filter { lowered.contains($0.0) }.map(\.1))
        own = lesion.map { number in findings.filter { $0.lesion == number } } ?? findings
    }

    /// Of the named lesion and of one of the named regions, as far as the sentence names any.
    func measured(_ kinds: Set<Finding.Kind>) -> [Double] {
        own.filter { finding in
            guard kinds.contains(finding.kind) else { return false }
            guard !regions.isEmpty, let region = finding.region else { return true }
            return regions.contains(region)
        }.compactMap(\.quantity)
    }

    var name: String {
        let region = TumourRegion.allCases.filter(regions.contains).map(\.shortName).joined(separator: " or ")
        return [lesion.map { "lesion \($0)" }, region.isEmpty ? nil : "the \(region)"].compactMap { $0 }
            .joined(separator: ", ")
    }
}

extension TumourRegion {
    fileprivate var shortName: String {
        switch self {
        case .wholeTumour: "whole tumour"
        case .tumourCore: "tumour core"
        case .enhancingTumour: "enhancing tumour"
        }
    }
}

/// The numbers with a unit that a sentence states, each held against what was measured.
struct TextNumbers {
    private let sentence: String
    private let subject: TextSubject

    init(_ sentence: String, _ subject: TextSubject) {
        // The method's own limits, not measurements.
        self.sentence = sentence.replacing("at least 0.05 ml", with: "").replacing("within 3 mm", with: "")
        self.subject = subject
    }

    private static let volumes: Set<Finding.Kind> = [.volume, .lesionVolume]
    private static let lengths: Set<Finding.Kind> = [.maximumDiameter, .axialDiameter, .perpendicularDiameter]
    private static let shares: Set<Finding.Kind> = [.location, .confidence, .expectedDice]

    var reasons: [String] {
        stated(#/([0-9]+(?:[.,][0-9]+)?) ?(ml|mL|cc|cm3|cm³|ccm|mm3|mm³)(?![a-z0-9])/#, Self.volumes)
            + stated(#/([0-9]+(?:[.,][0-9]+)?) ?(mm2|mm²|cm2|cm²)(?![a-z0-9])/#, [.bidimensionalProduct])
            + products
            + stated(#/([0-9]+(?:[.,][0-9]+)?) ?(mm|cm)(?![a-z0-9²³])/#, Self.lengths)
            + stated(#/([0-9]+(?:[.,][0-9]+)?) ?(%)/#, Self.shares)
            + stated(#/(Dice) of ([0-9]*\.?[0-9]+)/#, [.expectedDice], isReversed: true)
    }

    /// “25 × 20 mm”: the first number borrows the unit of the second.
    private var products: [String] {
        sentence.matches(of: /([0-9]+(?:[.,][0-9]+)?) ?[x×] ?[0-9]+(?:[.,][0-9]+)? ?(mm|cm)(?![a-z0-9²³])/)
            .compactMap { reason(String($0.output.1), String($0.output.2), Self.lengths) }
    }

    private func stated(
        _ pattern: Regex<(Substring, Substring, Substring)>, _ kinds: Set<Finding.Kind>, isReversed: Bool = false
    ) -> [String] {
        sentence.matches(of: pattern).compactMap { match in
            let words = [String(match.output.1), String(match.output.2)]
            return isReversed ? reason(words[1], words[0], kinds) : reason(words[0], words[1], kinds)
        }
    }

    /// Nil where a finding is the stated number, rounded as it is stated.
    private func reason(_ digits: String, _ unit: String, _ kinds: Set<Finding.Kind>) -> String? {
        let number = digits.replacing(",", with: ".")
        guard let value = Double(number), let scale = Self.scale(of: unit) else { return nil }
        let decimals = number.split(separator: ".", omittingEmptySubsequences: false).dropFirst().first?.count ?? 0
        let tolerance = 0.5 * pow(10, -Double(decimals)) + 1e-6
        guard !subject.measured(kinds).contains(where: { abs($0 / scale - value) <= tolerance }) else { return nil }
        let stated = unit == "Dice" ? "a Dice of \(digits)" : "\(digits) \(unit)"
        return subject.name.isEmpty
            ? "no finding measures \(stated)" : "no finding of \(subject.name) measures \(stated)"
    }

    /// What one unit is in the findings' own: mm³, mm², mm or a share.
    private static func scale(of unit: String) -> Double? {
        switch unit {
        case "ml", "mL", "cc", "cm3", "cm³", "ccm": 1000
        case "mm3", "mm³", "mm2", "mm²", "mm", "Dice": 1
        case "cm2", "cm²": 100
        case "cm": 10
        case "%": 0.01
        default: nil
        }
    }
}
