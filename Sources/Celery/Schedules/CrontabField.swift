/// One field of a crontab in Celery's syntax (`celery.schedules.crontab_parser`): `*`, `*/15`, `8-17`, `8-17/2`, `fri-mon`,
/// `0,30`, and lists of these.
package struct CrontabField: Sendable, Equatable {
    package struct Malformed: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    package enum Kind: String, Sendable {
        case minute
        case hour
        case dayOfWeek = "day of week"
        case dayOfMonth = "day of month"
        case monthOfYear = "month of year"

        var range: ClosedRange<Int> {
            switch self {
            case .minute: 0...59
            case .hour: 0...23
            // 0 is Sunday.
            case .dayOfWeek: 0...6
            case .dayOfMonth: 1...31
            case .monthOfYear: 1...12
            }
        }
    }

    /// In ascending order, at least one.
    let values: [Int]
    private let included: Set<Int>
    package let text: String

    /// - Throws: `Malformed`.
    package init(_ text: String, _ kind: Kind) throws {
        var all: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            all.formUnion(try Self.expand(String(part), kind))
        }
        included = all
        values = all.sorted()
        self.text = text
    }

    func contains(_ value: Int) -> Bool { included.contains(value) }

    private static func expand(_ part: String, _ kind: Kind) throws -> [Int] {
        let halves = part.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        let base: [Int]
        if halves[0] == "*" {
            base = Array(kind.range)
        } else if ends.count == 2 {
            let (from, to) = (try number(ends[0], kind), try number(ends[1], kind))
            // A range may go over the end: fri-mon, 22-4.
            base =
                from <= to ? Array(from...to) : Array(from...kind.range.upperBound) + Array(kind.range.lowerBound...to)
        } else {
            guard halves.count == 1 else { throw malformed(part, kind) }
            return [try number(part, kind)]
        }
        guard halves.count > 1 else { return base }
        guard halves.count == 2, let step = Int(halves[1]), step > 0 else { throw malformed(part, kind) }
        return stride(from: 0, to: base.count, by: step).map { base[$0] }
    }

    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    private static let weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    private static func number(_ text: String, _ kind: Kind) throws -> Int {
        let name = String(text.prefix(3)).lowercased()
        let value =
            switch kind {
            case .monthOfYear: Int(text) ?? months.firstIndex(of: name).map { $0 + 1 }
            case .dayOfWeek: Int(text) ?? weekdays.firstIndex(of: name)
            default: Int(text)
            }
        guard let value, kind.range.contains(value) else { throw malformed(text, kind) }
        return value
    }

    private static func malformed(_ part: String, _ kind: Kind) -> Malformed {
        Malformed(
            description: "Invalid \(kind.rawValue) '\(part)': use *, numbers from \(kind.range.lowerBound) to "
                + "\(kind.range.upperBound), ranges, steps or lists of these.")
    }
}
