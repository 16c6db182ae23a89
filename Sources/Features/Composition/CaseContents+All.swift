extension CaseContents {
    /// The content of cases in all features.
    package static let all = CaseContents([SegmentationContent(), ReportContent(), ExpertMaskContent()])
}
