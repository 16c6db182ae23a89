/// One attribute of a data set with its value as stored.
package struct DataElement: Equatable, Sendable {
    package enum Content: Equatable, Sendable {
        /// In the byte order of `isBigEndian`.
        case bytes(ArraySlice<UInt8>)
        case items([DataSet])
        /// Encapsulated pixel data (PS3.5 §A.4): the basic offset table, then the fragments.
        case fragments(offsets: ArraySlice<UInt8>, [ArraySlice<UInt8>])
    }

    package let tag: Tag
    package let vr: VR
    package let content: Content
    package let isBigEndian: Bool

    package init(_ tag: Tag, _ vr: VR, _ content: Content, isBigEndian: Bool = false) {
        self.tag = tag
        self.vr = vr
        self.content = content
        self.isBigEndian = isBigEndian
    }

    /// The stored bytes; empty for items and fragments.
    package var bytes: ArraySlice<UInt8> {
        if case .bytes(let bytes) = content { bytes } else { [] }
    }

    package var items: [DataSet] {
        if case .items(let items) = content { items } else { [] }
    }

    func with(_ vr: VR) -> DataElement { DataElement(tag, vr, content, isBigEndian: isBigEndian) }
}
