/// The functional groups, the dimensions that order the frames, and the references to the source.
extension SegmentationObject {
    private static let segmentPointer = (Tag.referencedSegmentNumber, Tag.segmentIdentificationSequence, "Segment")
    private static let positionPointer = (Tag.imagePositionPatient, Tag.planePositionSequence, "Position")

    /// Frames are ordered by segment, then by position (PS3.3 §C.7.6.17).
    var dimensions: [DataElement] {
        let uid = UID.generated()
        let organization = DataElement(.dimensionOrganizationUID, .uniqueIdentifier, uid)
        let indices = [Self.segmentPointer, Self.positionPointer].map { pointer, group, label in
            DataSet([
                organization, DataElement(.dimensionIndexPointer, .attributeTag, tag: pointer),
                DataElement(.functionalGroupPointer, .attributeTag, tag: group),
                DataElement(.dimensionDescriptionLabel, .longString, label),
            ])
        }
        return [
            DataElement(.dimensionOrganizationSequence, items: [DataSet([organization])]),
            DataElement(.dimensionIndexSequence, items: indices),
        ]
    }

    var sharedGroups: DataSet {
        let spacing = grid.spacing
        let row = 1 / spacing[0] * grid.stepI
        let column = 1 / spacing[1] * grid.stepJ
        let measures = DataSet([
            DataElement(.pixelSpacing, .decimalString, reals: [spacing[1], spacing[0]]),
            DataElement(.sliceThickness, .decimalString, reals: [series.attributes.sliceThickness ?? spacing[2]]),
            DataElement(.spacingBetweenSlices, .decimalString, reals: [spacing[2]]),
        ])
        let directions = [row.x, row.y, row.z, column.x, column.y, column.z]
        let orientation = DataSet([DataElement(.imageOrientationPatient, .decimalString, reals: directions)])
        return DataSet([
            DataElement(.pixelMeasuresSequence, items: [measures]),
            DataElement(.planeOrientationSequence, items: [orientation]),
        ])
    }

    func groups(_ frame: Frame) -> DataSet {
        let position = position(ofSlice: frame.slice)
        let content = DataSet([
            DataElement(.dimensionIndexValues, .unsignedLong, integers: [frame.segment, frame.slice + 1])
        ])
        var image = reference(series.frames[frame.slice], withFrame: true)
        image.set(DataElement(.purposeOfReferenceCodeSequence, items: [Code.sourceImage.item]))
        image.set(DataElement(.spatialLocationsPreserved, .codeString, "YES"))
        let derivation = DataSet([
            DataElement(.derivationCodeSequence, items: [Code.segmentation.item]),
            DataElement(.sourceImageSequence, items: [image]),
        ])
        let place = DataSet([
            DataElement(.imagePositionPatient, .decimalString, reals: [position.x, position.y, position.z])
        ])
        let number = DataSet([DataElement(.referencedSegmentNumber, .unsignedShort, integers: [frame.segment])])
        return DataSet([
            DataElement(.frameContentSequence, items: [content]),
            DataElement(.planePositionSequence, items: [place]),
            DataElement(.segmentIdentificationSequence, items: [number]),
            DataElement(.derivationImageSequence, items: [derivation]),
        ])
    }

    /// As the source states it, unless all of its slices claim one position.
    private func position(ofSlice slice: Int) -> LPSVector {
        let computed = grid.origin + Double(slice) * grid.stepK
        guard let stated = series.frames[slice].position, (stated - computed).length < grid.stepK.length / 2 else {
            return computed
        }
        return stated
    }

    private func reference(_ frame: ImageFrame, withFrame: Bool) -> DataSet {
        var item = DataSet([
            DataElement(.referencedSOPClassUID, .uniqueIdentifier, frame.sopClassUID),
            DataElement(.referencedSOPInstanceUID, .uniqueIdentifier, frame.sopInstanceUID),
        ])
        if withFrame, frame.isOfMultiFrame {
            item.set(DataElement(.referencedFrameNumber, .integerString, integers: [frame.index + 1]))
        }
        return item
    }

    var referencedSeries: DataSet {
        var seen: Set<String> = []
        let instances = series.frames.filter { seen.insert($0.sopInstanceUID).inserted }
        return DataSet([
            DataElement(.seriesInstanceUID, .uniqueIdentifier, series.attributes.seriesInstanceUID),
            DataElement(.referencedInstanceSequence, items: instances.map { reference($0, withFrame: false) }),
        ])
    }
}

extension DataElement {
    fileprivate init(_ tag: Tag, _ vr: VR, tag value: Tag) {
        let numbers = [value.group, value.element]
        self.init(tag, vr, .bytes(numbers.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }[...]))
    }
}
