import Foundation

/// Splits a sentence into words, numbers and signs.
struct Tokenizer {
    private let script: Script
    private let span: Range<Int>
    private var tokens: [Token] = []

    static func tokens(of span: Range<Int>, in script: Script) -> [Token] {
        var tokenizer = Tokenizer(script: script, span: span)
        tokenizer.run()
        return tokenizer.tokens
    }

    private init(script: Script, span: Range<Int>) {
        self.script = script
        self.span = span
    }

    private mutating func run() {
        var place = span.lowerBound
        var isJoined = false
        while place < span.upperBound, let letter = script[place] {
            let end: Int
            if letter.isWhitespace {
                place += 1
                continue
            } else if Self.isDash(letter), joins(place) {
                place += 1
                isJoined = true
                continue
            } else if letter.isASCII, letter.isNumber {
                end = addNumber(place, isJoined)
            } else if letter.isLetter {
                end = addWord(place, isJoined)
            } else {
                end = addSign(place)
            }
            place = end
            isJoined = false
        }
    }

    private static func isDash(_ letter: Character) -> Bool { "-–‑—".contains(letter) }

    /// Whether a hyphen joins two words, or a number and a word; between two numbers it is a sign.
    private func joins(_ place: Int) -> Bool {
        guard place > span.lowerBound, let before = script[place - 1], let after = inside(place + 1) else {
            return false
        }
        return (before.isLetter || before.isNumber) && (after.isLetter || after.isNumber)
            && !(before.isNumber && after.isNumber)
    }

    private func inside(_ place: Int) -> Character? { span.contains(place) ? script[place] : nil }

    private mutating func add(_ kind: Token.Kind, _ text: String, _ span: Range<Int>, _ isJoined: Bool = false) {
        tokens.append(Token(kind: kind, text: text, range: script.range(span), isJoined: isJoined))
    }

    private mutating func addNumber(_ start: Int, _ isJoined: Bool) -> Int {
        var end = start
        while let letter = inside(end) {
            let isPoint = (letter == "." || letter == ",") && inside(end + 1).map { $0.isASCII && $0.isNumber } == true
            guard isPoint || letter.isASCII && letter.isNumber else { break }
            end += 1
        }
        let text = self.text(start..<end)
        if let day = endOfDate(start, end) {
            add(.date, self.text(start..<day), start..<day)
            return day
        }
        add(StatedNumber(text).map(Token.Kind.number) ?? .date, text, start..<end, isJoined)
        return end
    }

    /// `2026-03-12`
    private func endOfDate(_ start: Int, _ end: Int) -> Int? {
        guard end - start == 4, inside(end) == "-" else { return nil }
        var place = end
        while let letter = inside(place), letter.isNumber || letter == "-" { place += 1 }
        return place > end + 1 ? place : nil
    }

    private mutating func addWord(_ start: Int, _ isJoined: Bool) -> Int {
        var end = start
        while let letter = inside(end), letter.isLetter || letter.isNumber || letter == "'" || letter == "’" {
            end += 1
        }
        let text = self.text(start..<end).lowercased().replacing("’s", with: "").replacing("'s", with: "")
        add(.word, Self.british(text), start..<end, isJoined)
        return end
    }

    private static func british(_ word: String) -> String {
        var word = word
        for (american, british) in [
            ("tumor", "tumour"), ("edema", "oedema"), ("gray", "grey"), ("centered", "centred"), ("center", "centre"),
            ("hemorrhag", "haemorrhag"),
        ] where word.contains(american) && !word.contains(british) {
            word = word.replacing(american, with: british)
        }
        return word
    }

    private mutating func addSign(_ start: Int) -> Int {
        if script[start] == "[", let (ids, end) = citation(start) {
            add(.citation(ids), "", start..<end)
            return end
        }
        // "Rt. frontal"
        let isAbbreviation = script[start] == "." && tokens.last.map { Self.abbreviatedSides.contains($0.text) } == true
        if !isAbbreviation { add(.sign, text(start..<start + 1), start..<start + 1) }
        return start + 1
    }

    static let abbreviatedSides: Set<String> = ["r", "l", "rt", "lt"]

    /// The ids of the citation `[F1, F2]` that starts at `start`, and its end.
    private func citation(_ start: Int) -> (ids: [String], end: Int)? {
        var end = start + 1
        while let letter = inside(end), letter != "]" { end += 1 }
        guard inside(end) == "]" else { return nil }
        let ids = text(start + 1..<end).split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let isCitation = ids.allSatisfy { $0.hasPrefix("F") && $0.count > 1 && $0.dropFirst().allSatisfy(\.isNumber) }
        return isCitation && !ids.isEmpty ? (ids, end + 1) : nil
    }

    private func text(_ span: Range<Int>) -> String { String(script.letters[span].map(\.character)) }
}
