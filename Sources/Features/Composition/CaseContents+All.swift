extension CaseContents {
    /// What all features keep of cases.
    package static let all = CaseContents([SegmentationContent(), ReportContent(), ExpertMaskContent()])
}
