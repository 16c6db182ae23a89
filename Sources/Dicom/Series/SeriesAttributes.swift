/// What tells series apart and says which sequence one is. None of it identifies the patient.
package struct SeriesAttributes: Equatable, Sendable {
    package var studyInstanceUID = ""
    package var seriesInstanceUID = ""
    package var frameOfReferenceUID: String?
    package var modality = ""
    package var manufacturer: String?
    package var seriesNumber: Int?
    package var seriesDescription: String?
    package var protocolName: String?
    package var sequenceName: String?
    package var imageType: [String] = []
    package var scanningSequence: [String] = []
    package var sequenceVariant: [String] = []
    package var acquisitionType: String?
    /// ms.
    package var repetitionTime: Double?
    /// ms.
    package var echoTime: Double?
    /// ms.
    package var inversionTime: Double?
    /// Degrees.
    package var flipAngle: Double?
    /// s/mm².
    package var diffusionBValue: Double?
    package var contrastAgent: String?
    /// ml.
    package var contrastVolume: Double?
    package var hasContrastSequence = false
    package var temporalPosition: Int?
    package var stack: String?
    /// `HHMMSS.FFFFFF`, for comparisons within a study.
    package var acquisitionTime: String?
    /// In mm.
    package var sliceThickness: Double?
    /// In mm, centre to centre.
    package var spacingBetweenSlices: Double?

    package init() {}

    /// Attributes of a single-frame image, or of one frame.
    ///
    /// - Parameter groups: the frame's functional groups, then the shared ones.
    init(_ dataSet: DataSet, groups: [DataSet] = []) {
        studyInstanceUID = dataSet.string(.studyInstanceUID) ?? ""
        seriesInstanceUID = dataSet.string(.seriesInstanceUID) ?? ""
        frameOfReferenceUID = dataSet.string(.frameOfReferenceUID)
        modality = dataSet.string(.modality) ?? ""
        manufacturer = dataSet.string(.manufacturer)
        seriesNumber = dataSet.integer(.seriesNumber)
        seriesDescription = dataSet.string(.seriesDescription)
        protocolName = dataSet.string(.protocolName)
        sequenceName = dataSet.string(.sequenceName) ?? dataSet.string(.pulseSequenceName)
        imageType = dataSet.strings(.imageType)
        scanningSequence = dataSet.strings(.scanningSequence)
        sequenceVariant = dataSet.strings(.sequenceVariant)
        acquisitionType = dataSet.string(.mrAcquisitionType)
        contrastAgent = dataSet.string(.contrastBolusAgent)
        contrastVolume = dataSet.real(.contrastBolusVolume)
        hasContrastSequence = !dataSet.items(.contrastBolusAgentSequence).isEmpty
        temporalPosition = dataSet.integer(.temporalPositionIdentifier)
        acquisitionTime =
            dataSet.string(.acquisitionTime) ?? dataSet.string(.acquisitionDateTime).map { String($0.dropFirst(8)) }
            ?? dataSet.string(.seriesTime)
        spacingBetweenSlices = dataSet.real(.spacingBetweenSlices)
        sliceThickness = dataSet.real(.sliceThickness)
        repetitionTime = dataSet.real(.repetitionTime)
        echoTime = dataSet.real(.echoTime)
        inversionTime = dataSet.real(.inversionTime)
        flipAngle = dataSet.real(.flipAngle)
        diffusionBValue = dataSet.real(.diffusionBValue)
        if !groups.isEmpty { read(groups) }
    }

    /// Enhanced MR keeps the same facts in macros (PS3.3 §C.8.13.5).
    private mutating func read(_ groups: [DataSet]) {
        func macro(_ tag: Tag) -> DataSet? { groups.lazy.compactMap { $0.items(tag).first }.first }
        imageType = macro(.mrImageFrameTypeSequence)?.strings(.frameType) ?? imageType
        let timing = macro(.mrTimingSequence)
        repetitionTime = timing?.real(.repetitionTime) ?? repetitionTime
        flipAngle = timing?.real(.flipAngle) ?? flipAngle
        echoTime = macro(.mrEchoSequence)?.real(.effectiveEchoTime) ?? echoTime
        if let modifier = macro(.mrModifierSequence), modifier.string(.inversionRecovery) == "YES" {
            inversionTime = modifier.real(.inversionTimes) ?? inversionTime
        }
        diffusionBValue = macro(.mrDiffusionSequence)?.real(.diffusionBValue) ?? diffusionBValue
        hasContrastSequence = hasContrastSequence || macro(.contrastBolusUsageSequence) != nil
        let content = macro(.frameContentSequence)
        temporalPosition = content?.integer(.temporalPositionIndex) ?? temporalPosition
        stack = content?.string(.stackID)
        sliceThickness = macro(.pixelMeasuresSequence)?.real(.sliceThickness) ?? sliceThickness
    }
}
