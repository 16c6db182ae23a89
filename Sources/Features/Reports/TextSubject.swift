import Imaging

/// What a sentence speaks of: the lesion and the regions that it names, and the findings that belong to them.
struct TextSubject {
    let lesion: Int?
    let regions: Set<TumourRegion>
    /// Findings of the lesion that is named; all where none is.
    let own: [Finding]

    // Compiled once; nothing in it can change.
    nonisolated(unsafe) private static let numbered = /lesion ([0-9]+)/

    init(_ sentence: String, _ findings: [Finding]) {
        let lowered = sentence.lowercased()
        lesion = lowered.firstMatch(of: Self.numbered).flatMap { Int($0.output.1) }
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
