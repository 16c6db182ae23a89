extension Judge {
    func quantity(
        _ claim: Claim, _ numbers: [StatedNumber], _ unit: ClaimUnit, _ relation: Claim.Relation, _ size: Claim.Size
    ) -> Verdict {
        switch unit {
        case .volume: return single(claim, numbers, unit, volumes(of: claim.subject), relation)
        case .area: return single(claim, numbers, unit, lengths(of: claim.subject, [.axialProduct]), relation)
        case .length:
            if relation != .range, numbers.count > 1 { return product(claim, numbers, unit.scale) }
            return single(claim, numbers, unit, lengths(of: claim.subject, kinds(size)), relation)
        case .percent: return unmeasured(claim)
        }
    }

    private func single(
        _ claim: Claim, _ numbers: [StatedNumber], _ unit: ClaimUnit, _ measured: [Double]?, _ relation: Claim.Relation
    ) -> Verdict {
        let scale = unit.scale
        guard let measured else { return unmeasured(claim) }
        guard !measured.isEmpty else {
            return book.lesions.isEmpty ? contradicted(claim.text, "no lesion was measured") : unmeasured(claim)
        }
        guard let first = numbers.first, let last = numbers.last else { return unmeasured(claim) }
        let isMatched =
            relation == .range
            ? measured.contains { $0 >= first.value * scale * 0.98 && $0 <= last.value * scale * 1.02 }
            : matches(first, scale: scale, measured, relation)
        return isMatched ? .supported : contradicted(claim, unit, measured)
    }

    /// The candidate volumes in mm³; `nil` if none is measured.
    private func volumes(of subject: Subject) -> [Double]? {
        let extents = subject.extents.isEmpty ? [Extent.whole, .core, .enhancing] : subject.extents
        var measured: [Double] = []
        for lesion in book.scopes(of: subject) {
            for extent in extents {
                let found = book.volumes(extent, lesion: lesion)
                measured += isStrict ? found.suffix(1) : found
                if subject.isPart || subject.extents.isEmpty, extent.regions.without == nil {
                    measured += book.facts(.partVolume, extent.regions.of, lesion: lesion).flatMap(values)
                }
            }
        }
        return measured.isEmpty ? nil : measured
    }

    private func kinds(_ size: Claim.Size) -> [Fact.Kind] {
        switch size {
        case .any: [.maximumDiameter, .axialDiameter, .perpendicularDiameter]
        case .largest: [.maximumDiameter, .axialDiameter]
        case .axial: [.axialDiameter]
        case .perpendicular: [.perpendicularDiameter]
        }
    }

    /// The candidate lengths in mm or mm²; `nil` for parts without diameters, such as oedema.
    private func lengths(of subject: Subject, _ kinds: [Fact.Kind]) -> [Double]? {
        guard let regions = regions(of: subject) else { return nil }
        return book.scopes(of: subject).flatMap { lesion in
            regions.flatMap { region in kinds.flatMap { book.facts($0, region, lesion: lesion).flatMap(values) } }
        }
    }

    private func regions(of subject: Subject) -> [Region]? {
        guard !subject.extents.isEmpty else { return Region.allCases }
        guard subject.extents.allSatisfy({ $0.regions.without == nil }) else { return nil }
        return subject.extents.map(\.regions.of)
    }

    /// `a × b (× c)`: the axial diameters of one region of one lesion; the third is not measured.
    private func product(_ claim: Claim, _ numbers: [StatedNumber], _ scale: Double) -> Verdict {
        guard let regions = regions(of: claim.subject) else { return unmeasured(claim) }
        var isMeasured = false
        for lesion in book.scopes(of: claim.subject) {
            for region in regions {
                let axial = book.facts(.axialDiameter, region, lesion: lesion).flatMap(values)
                let perpendicular = book.facts(.perpendicularDiameter, region, lesion: lesion).flatMap(values)
                guard !axial.isEmpty, !perpendicular.isEmpty else { continue }
                isMeasured = true
                if pairs(numbers).contains(where: {
                    matches($0, scale: scale, axial) && matches($1, scale: scale, perpendicular)
                }) {
                    return .supported
                }
            }
        }
        guard isMeasured || book.lesions.isEmpty else { return unmeasured(claim) }
        return contradicted(claim.text, "no such axial diameters were measured")
    }

    private func pairs(_ numbers: [StatedNumber]) -> [(StatedNumber, StatedNumber)] {
        if isStrict, numbers.count == 2 { return [(numbers[0], numbers[1])] }
        return numbers.indices.flatMap { first in
            numbers.indices.filter { $0 != first }.map { (numbers[first], numbers[$0]) }
        }
    }

    // MARK: Shares

    func share(_ claim: Claim, _ value: Double, _ step: Double, _ location: Location?) -> Verdict {
        guard let location, let place = location.place else { return unmeasured(claim) }
        let shares = (book.lesions(of: claim.subject) ?? []).flatMap { lesion -> [Double] in
            if let side = location.side, let measured = book.side(of: lesion), measured != side, measured != .both {
                return []
            }
            let known = book.facts(.location, lesion: lesion)
            guard !known.isEmpty else { return [] }
            return known.first { $0.term == place }.map(values) ?? [0]
        }
        guard !shares.isEmpty else {
            return isStrict ? contradicted(claim.text, "no share was measured") : unmeasured(claim)
        }
        let tolerance = isStrict ? 1e-6 : 0.5 * step + 1e-6
        return shares.contains { abs($0 - value) <= tolerance }
            ? .supported
            : contradicted(
                "\(claim.text) in the \(location.name)",
                "\(shares.map(Self.percentage).listed) \(shares.count == 1 ? "was" : "were") measured")
    }

    func ratio(_ claim: Claim, _ stated: (value: Double, step: Double, relation: Claim.Relation), of whole: [Extent])
        -> Verdict
    {
        var measured: [Double] = []
        for lesion in book.scopes(of: claim.subject) {
            for part in claim.subject.extents {
                for other in whole where other != part {
                    guard let volume = book.volume(part, lesion: lesion),
                        let total = book.volume(other, lesion: lesion),
                        total > 0, volume <= total * 1.0001
                    else { continue }
                    measured.append(volume / total)
                    if fits(volume / total, stated) { return .supported }
                }
            }
        }
        guard let first = measured.first else { return unmeasured(claim) }
        return contradicted(
            "\(claim.text) for \(claim.subject.name)", "\(Self.percentage(first)) was measured")
    }

    private func fits(_ ratio: Double, _ stated: (value: Double, step: Double, relation: Claim.Relation)) -> Bool {
        let slack = stated.relation == .about ? 0.05 : 0.006
        return switch stated.relation {
        case .atLeast: ratio >= stated.value - slack
        case .atMost: ratio <= stated.value + slack
        default: abs(ratio - stated.value) <= 0.5 * stated.step + slack
        }
    }
}
