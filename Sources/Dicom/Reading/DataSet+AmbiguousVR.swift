extension DataSet {
    /// Gives elements whose VR neither the file nor the dictionary states the one that other attributes imply (PS3.5 §8, PS3.6 §6).
    ///
    /// - Parameter signed: Pixel Representation of the data set that contains this one.
    mutating func resolveAmbiguousVRs(signed outer: Bool? = nil) {
        let signed = self[.pixelRepresentation]?.unsignedShort.map { $0 == 1 } ?? outer
        let hasOneEntry = self[.lutDescriptor]?.unsignedShort == 1
        mapElements { element in
            if case .items(var items) = element.content {
                for index in items.indices { items[index].resolveAmbiguousVRs(signed: signed) }
                return DataElement(element.tag, element.vr, .items(items), isBigEndian: element.isBigEndian)
            }
            guard element.vr == .unknown, element.bytes.count < 0xFFFF || element.tag.group >= 0x5000,
                let entry = DataDictionary.standard[element.tag], entry.vr == nil
            else { return element }
            switch entry.representations {
            case "US/SS", "US/SS/OW": return element.with(signed == true ? .signedShort : .unsignedShort)
            case "US/OW": return element.with(hasOneEntry ? .unsignedShort : .otherWord)
            default: return element.with(.otherWord)
            }
        }
    }
}

extension DataElement {
    /// The first two bytes as a number, whatever the VR.
    fileprivate var unsignedShort: UInt16? {
        guard bytes.count >= 2 else { return nil }
        let first = UInt16(bytes[bytes.startIndex])
        let second = UInt16(bytes[bytes.startIndex + 1])
        return isBigEndian ? first << 8 | second : second << 8 | first
    }
}
