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
        regions = RegionWords.regions(in: sentence)
        own = lesion.map { number in findings.filter { $0.lesion == number } } ?? findings
    }

    private init(_ subject: TextSubject, regions: Set<TumourRegion>) {
        lesion = subject.lesion
        self.regions = regions
        own = subject.own
    }

    /// The same lesion, and other regions of it.
    func narrowed(to regions: Set<TumourRegion>) -> TextSubject { TextSubject(self, regions: regions) }

    /// Of the named lesion and of one of the named regions, as far as the sentence names any.
    func measured(_ kinds: Set<Finding.Kind>) -> [Double] {
        own.filter { finding in
            guard kinds.contains(finding.kind) else { return false }
            guard !regions.isEmpty, let region = finding.measuredRegion else { return true }
            return regions.contains(region)
        }.compactMap(\.quantity)
    }

    var name: String {
        let region = TumourRegion.allCases.filter(regions.contains).map(\.displayName).joined(separator: " or ")
        return [lesion.map { "lesion \($0)" }, region.isEmpty ? nil : "the \(region)"].compactMap { $0 }
            .joined(separator: ", ")
    }
}

/// The numbers with a unit that a clause states, each held against what was measured.
struct TextNumbers {
    private let sentence: String
    private let subject: TextSubject

    private let isOfDice: Bool

    /// Clause by clause, each held against the region that it speaks of.
    static func reasons(_ sentence: String, _ subject: TextSubject) -> [String] {
        RegionWords.clauses(of: RegionWords.withoutLimits(sentence)).flatMap { clause in
            TextNumbers(
                sentence: clause.text, subject: subject.narrowed(to: clause.regions),
                isOfDice: sentence.contains(/\bDice\b/)
            ).reasons
        }
    }

    private static let volumes: Set<Finding.Kind> = [.volume, .lesionVolume, .partVolume]
    private static let lengths: Set<Finding.Kind> = [.maximumDiameter, .axialDiameter, .perpendicularDiameter]
    private static let shares: Set<Finding.Kind> = [.location, .confidence, .expectedDice]

    private init(sentence: String, subject: TextSubject, isOfDice: Bool) {
        self.sentence = sentence
        self.subject = subject
        self.isOfDice = isOfDice
    }

    private var reasons: [String] {
        stated(#/([0-9]+(?:[.,][0-9]+)?) ?(ml|mL|cc|cm3|cm³|ccm|mm3|mm³)(?![a-z0-9])/#, Self.volumes)
            + stated(#/([0-9]+(?:[.,][0-9]+)?) ?(mm2|mm²|cm2|cm²)(?![a-z0-9])/#, [.bidimensionalProduct])
            + products
            + stated(#/([0-9]+(?:[.,][0-9]+)?) ?(mm|cm)(?![a-z0-9²³])/#, Self.lengths)
            + stated(#/([0-9]+(?:[.,][0-9]+)?) ?(%)/#, Self.shares)
            + dice
    }

    /// “25 × 20 mm”: the first number borrows the unit of the second.
    private var products: [String] {
        sentence.matches(of: /([0-9]+(?:[.,][0-9]+)?) ?[x×] ?[0-9]+(?:[.,][0-9]+)? ?(mm|cm)(?![a-z0-9²³])/)
            .compactMap { reason(String($0.output.1), String($0.output.2), Self.lengths) }
    }

    /// Numbers of 0...1 without a unit in a sentence on Dice.
    private var dice: [String] {
        guard isOfDice else { return [] }
        return sentence.matches(of: /(?:^|[^0-9.])([01]?\.[0-9]+)(?![0-9]* ?(?:ml|mL|cc|cm|mm|%))/)
            .compactMap { reason(String($0.output.1), "Dice", [.expectedDice]) }
    }

    private func stated(
        _ pattern: Regex<(Substring, Substring, Substring)>, _ kinds: Set<Finding.Kind>
    ) -> [String] {
        sentence.matches(of: pattern).compactMap { reason(String($0.output.1), String($0.output.2), kinds) }
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
