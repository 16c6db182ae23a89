extension Judge {
    func count(_ claim: Claim, _ number: Int, _ relation: Claim.Relation) -> Verdict {
        let measured = claim.subject.isPart ? parts(of: claim.subject) : lesions(of: claim.subject)
        guard !measured.isEmpty else { return unmeasured(claim) }
        let fits = measured.contains { relation == .atLeast ? $0 >= number : $0 == number }
        if fits { return .supported }
        guard !claim.subject.isPart else {
            return contradicted(claim.text, "\(measured.map(String.init).listed) measured")
        }
        return contradicted(claim.text, measuredCount)
    }

    /// The number of parts or foci, of the given lesion, else of any or all together.
    private func parts(of subject: Subject) -> [Int] {
        let regions = subject.extents.isEmpty ? [Region.core] : subject.extents.map(\.regions.of)
        return book.scopes(of: subject).flatMap { lesion in
            regions.flatMap { book.facts(.partCount, $0, lesion: lesion).compactMap(\.quantity) }
        }.map { Int($0) }
    }

    /// The number of lesions, and of those that the subject selects.
    private func lesions(of subject: Subject) -> [Int] {
        guard let count = book.count else { return [] }
        var counts = [count]
        if !subject.locations.isEmpty {
            let there = book.lesions.filter { lesion in subject.locations.contains { book.lies(lesion, at: $0) == true }
            }
            counts.append(there.count)
            counts += subject.locations.map { location in
                book.lesions.filter { book.lies($0, at: location) == true }.count
            }
        }
        if subject.extents.contains(.enhancing) {
            counts = [book.lesions.filter { book.isPresent(.enhancing, lesion: $0) != false }.count]
            counts += book.facts(.partCount, .enhancing).compactMap(\.quantity).map { Int($0) }
        }
        return counts
    }

    // MARK: Order

    func order(_ claim: Claim, _ order: Claim.Order, _ other: Subject) -> Verdict {
        let wrong = contradicted(claim.text, "the measured volumes show otherwise")
        switch order {
        case .largest, .smallest:
            guard book.lesions.count > 1, let lesion = book.lesions(of: claim.subject), lesion.count == 1 else {
                return unmeasured(claim)
            }
            return lesion.first == (order == .largest ? book.lesions.first : book.lesions.last) ? .supported : wrong
        case .equal:
            let volumes = book.lesions.compactMap { book.volume(.whole, lesion: $0) }
            guard volumes.count > 1, let least = volumes.min(), let most = volumes.max() else {
                return unmeasured(claim)
            }
            return least >= 0.8 * most ? .supported : wrong
        case .larger, .smaller:
            if let missing = other.lesionNumber, !book.lesions.contains(missing) {
                return contradicted("lesion \(missing)", measuredCount)
            }
            guard let first = size(of: claim.subject), let second = size(of: other) else { return unmeasured(claim) }
            return (order == .larger) == (first > second) ? .supported : wrong
        }
    }

    private func size(of subject: Subject) -> Double? {
        book.volume(subject.extents.first ?? .whole, lesion: subject.lesionNumber)
    }
}

extension Subject {
    fileprivate var lesionNumber: Int? {
        if case .number(let number) = lesion { number } else { nil }
    }
}
