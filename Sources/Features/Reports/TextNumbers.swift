import Foundation
import Imaging

/// The numbers with a unit that a clause states, each held against what was measured.
struct TextNumbers {
    private let numbers: StatedNumbers
    private let subject: TextSubject

    /// Clause by clause, each held against the region that it speaks of.
    static func reasons(_ sentence: String, _ subject: TextSubject) -> [String] {
        // Most of a text's clauses state no number.
        guard sentence.utf8.contains(where: { (0x30...0x39).contains($0) }) else { return [] }
        let isOfDice = sentence.contains(dice)
        return RegionWords.clauses(of: RegionWords.withoutLimits(sentence)).flatMap { clause in
            TextNumbers(
                numbers: StatedNumbers(clause.text, isOfDice: isOfDice), subject: subject.narrowed(to: clause.regions)
            ).reasons
        }
    }

    nonisolated(unsafe) private static let dice = /\bDice\b/

    private static let volumes: Set<Finding.Kind> = [.volume, .lesionVolume, .partVolume]
    private static let lengths: Set<Finding.Kind> = [.maximumDiameter, .axialDiameter, .perpendicularDiameter]
    private static let shares: Set<Finding.Kind> = [.location, .confidence, .expectedDice]

    private var reasons: [String] {
        reasons(numbers.volumes, Self.volumes) + reasons(numbers.areas, [.bidimensionalProduct])
            + reasons(numbers.products + numbers.lengths, Self.lengths) + reasons(numbers.shares, Self.shares)
            + reasons(numbers.dice, [.expectedDice])
    }

    private func reasons(_ stated: [StatedNumbers.Number], _ kinds: Set<Finding.Kind>) -> [String] {
        guard !stated.isEmpty else { return [] }
        let measured = subject.measured(kinds)
        return stated.compactMap { reason($0, measured) }
    }

    /// Nil where a finding is the stated number, rounded as it is stated.
    private func reason(_ stated: StatedNumbers.Number, _ measured: [Double]) -> String? {
        let number = stated.digits.replacing(",", with: ".")
        guard let value = Double(number), let scale = Self.scale(of: stated.unit) else { return nil }
        let decimals = number.split(separator: ".", omittingEmptySubsequences: false).dropFirst().first?.count ?? 0
        let tolerance = 0.5 * pow(10, -Double(decimals)) + 1e-6
        guard !measured.contains(where: { abs($0 / scale - value) <= tolerance }) else { return nil }
        let text = stated.unit == "Dice" ? "a Dice of \(stated.digits)" : "\(stated.digits) \(stated.unit)"
        return subject.name.isEmpty
            ? "no finding measures \(text)" : "no finding of \(subject.name) measures \(text)"
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

/// The numbers of a text by what their units measure, found in one pass: a regular expression tries every digit of a long number as
/// its beginning, which takes minutes for a text of digits.
struct StatedNumbers {
    struct Number: Equatable {
        /// With a point or a comma.
        let digits: String
        let unit: String
    }

    private(set) var volumes: [Number] = []
    private(set) var areas: [Number] = []
    /// “25 × 20 mm”: the first number borrows the unit of the second.
    private(set) var products: [Number] = []
    private(set) var lengths: [Number] = []
    private(set) var shares: [Number] = []
    /// Numbers of 0...1 without a unit in a text on Dice.
    private(set) var dice: [Number] = []

    private let text: [Unicode.Scalar]

    private static let volumeUnits = ["ccm", "cm3", "cm³", "mm3", "mm³", "ml", "mL", "cc"].map {
        Array($0.unicodeScalars)
    }
    private static let areaUnits = ["mm2", "mm²", "cm2", "cm²"].map { Array($0.unicodeScalars) }
    private static let lengthUnits = ["mm", "cm"].map { Array($0.unicodeScalars) }
    private static let percent = [Array("%".unicodeScalars)]
    /// No measurement has as many digits; of a longer number this many are quoted.
    private static let digitLimit = 20

    init(_ sentence: String, isOfDice: Bool) {
        text = Array(sentence.unicodeScalars)
        var index = 0
        while index < text.count {
            guard isDigit(index) else {
                if isOfDice { addDice(at: index) }
                index += 1
                continue
            }
            let end = endOfNumber(index)
            // Where nothing is measured, the fraction may itself begin a number, as in a date.
            index = add(index, end) ? end : endOfDigits(index)
        }
    }

    private mutating func add(_ start: Int, _ end: Int) -> Bool {
        if let unit = unit(Self.volumeUnits, end) {
            volumes.append(number(start, end, unit))
        } else if let unit = unit(Self.areaUnits, end) {
            areas.append(number(start, end, unit))
        } else if let unit = unit(Self.lengthUnits, end) {
            lengths.append(number(start, end, unit))
        } else if let unit = unit(Self.percent, end) {
            shares.append(number(start, end, unit))
        } else if let unit = productUnit(end) {
            products.append(number(start, end, unit))
        } else {
            return false
        }
        return true
    }

    /// The unit of the number behind “×”.
    private func productUnit(_ end: Int) -> String? {
        let sign = afterBlank(end)
        guard sign < text.count, text[sign] == "x" || text[sign] == "×" else { return nil }
        let second = afterBlank(sign + 1)
        return isDigit(second) ? unit(Self.lengthUnits, endOfNumber(second)) : nil
    }

    /// At a point with digits behind it and at most one 0 or 1 before it.
    private mutating func addDice(at point: Int) {
        guard text[point] == ".", isDigit(point + 1) else { return }
        let hasLead = point > 0 && (text[point - 1] == "0" || text[point - 1] == "1")
        let start = hasLead ? point - 1 : point
        guard start == 0 || (!isDigit(start - 1) && text[start - 1] != ".") else { return }
        let end = endOfDigits(point + 1)
        let behind = afterBlank(end)
        let units = Self.lengthUnits + Self.percent + Self.volumeUnits.filter { $0.count == 2 }
        guard !units.contains(where: { text[behind...].starts(with: $0) }) else { return }
        dice.append(number(start, end, "Dice"))
    }

    private func number(_ start: Int, _ end: Int, _ unit: String) -> Number {
        var digits = String.UnicodeScalarView()
        digits.append(contentsOf: text[start..<min(end, start + Self.digitLimit)])
        return Number(digits: String(digits), unit: unit)
    }

    /// The unit that stands at `index` or a blank behind it, and is no beginning of a longer word.
    private func unit(_ units: [[Unicode.Scalar]], _ index: Int) -> String? {
        let start = afterBlank(index)
        let isLength = units == Self.lengthUnits
        return units.first { unit in
            guard text[start...].starts(with: unit) else { return false }
            guard unit != ["%"], start + unit.count < text.count else { return true }
            let next = text[start + unit.count]
            return !("a"..."z").contains(next) && !("0"..."9").contains(next)
                && !(isLength && (next == "²" || next == "³"))
        }.map { String(String.UnicodeScalarView($0)) }
    }

    private func isDigit(_ index: Int) -> Bool { index < text.count && ("0"..."9").contains(text[index]) }

    private func endOfDigits(_ start: Int) -> Int {
        var end = start
        while isDigit(end) { end += 1 }
        return end
    }

    private func endOfNumber(_ start: Int) -> Int {
        let whole = endOfDigits(start)
        guard whole < text.count, text[whole] == "." || text[whole] == ",", isDigit(whole + 1) else { return whole }
        return endOfDigits(whole + 1)
    }

    private func afterBlank(_ index: Int) -> Int { index < text.count && text[index] == " " ? index + 1 : index }
}
