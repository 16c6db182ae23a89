/// The characters of a text without its quotes, each with its index in the text.
struct Script {
    struct Letter {
        let character: Character
        let range: Range<String.Index>
    }

    let letters: [Letter]

    /// - Parameter quotes: copied passages that contain no claims.
    init(_ text: String, without quotes: [String]) {
        var hidden: [Range<String.Index>] = []
        for quote in quotes.sorted(by: { $0.count > $1.count }) where !quote.isEmpty {
            for range in text.ranges(of: quote) where !hidden.contains(where: { $0.overlaps(range) }) {
                hidden.append(range)
            }
        }
        letters = text.indices.filter { index in !hidden.contains { $0.contains(index) } }
            .map { Letter(character: text[$0], range: $0..<text.index(after: $0)) }
    }

    func range(_ span: Range<Int>) -> Range<String.Index> {
        letters[span.lowerBound].range.lowerBound..<letters[span.upperBound - 1].range.upperBound
    }

    subscript(_ place: Int) -> Character? { letters.indices.contains(place) ? letters[place].character : nil }

    /// The ranges of the sentences. They end at line ends and at full stops before white space. Citations after a full
    /// stop belong to the preceding sentence.
    var sentences: [Range<Int>] {
        lines.filter { !Heading.isOne(String(letters[$0].map(\.character))) }.flatMap(sentences)
            .filter { span in letters[span].contains { $0.character.isLetter } }
    }

    /// Whether what lies between two sentences separates paragraphs: a heading or an empty line.
    func isBreak(_ gap: Range<Int>) -> Bool {
        letters[gap].contains { $0.character.isLetter } || letters[gap].count { $0.character.isNewline } > 1
    }

    private var lines: [Range<Int>] {
        var found: [Range<Int>] = []
        var start = 0
        for (place, letter) in letters.enumerated() where letter.character.isNewline {
            found.append(start..<place)
            start = place + 1
        }
        return (found + [start..<letters.count]).filter { !$0.isEmpty }
    }

    private func sentences(in line: Range<Int>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var start = line.lowerBound
        var place = start
        while place < line.upperBound {
            defer { place += 1 }
            guard endsSentence(place), place + 1 < line.upperBound, self[place + 1]?.isWhitespace == true else {
                continue
            }
            place = endOfCitation(after: place, in: line) ?? place
            found.append(start..<place + 1)
            start = place + 1
        }
        return (found + [start..<line.upperBound]).filter { !$0.isEmpty }
    }

    private static let abbreviations: Set<String> = [
        "incl", "approx", "ca", "dr", "prof", "vs", "max", "min", "resp", "i.v", "e.g", "i.e", "no", "fig", "excl",
    ]

    private func endsSentence(_ place: Int) -> Bool {
        guard let sign = self[place], ".!?;".contains(sign) else { return false }
        guard sign == "." else { return true }
        var start = place
        while let letter = self[start - 1], letter.isLetter || letter == "." { start -= 1 }
        let word = String(letters[start..<place].map(\.character)).lowercased()
        // "No." before a number is an abbreviation, else the word.
        if word == "no" { return self[place + 2]?.isNumber != true }
        // "Rt. frontal", but not "1.2 l."
        if Tokenizer.abbreviatedSides.contains(word) { return self[start - 2]?.isNumber == true }
        return !Self.abbreviations.contains(word)
    }

    /// The index of the bracket that closes a citation directly after `place`.
    private func endOfCitation(after place: Int, in line: Range<Int>) -> Int? {
        var next = place + 1
        while next < line.upperBound, self[next]?.isWhitespace == true { next += 1 }
        guard self[next] == "[", self[next + 1] == "F" else { return nil }
        while next < line.upperBound, let letter = self[next], letter != "]" {
            guard letter.isNumber || "[F, ".contains(letter) else { return nil }
            next += 1
        }
        return next < line.upperBound ? next : nil
    }
}
