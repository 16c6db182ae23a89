/// Data elements in ascending order of their tags, each tag at most once.
package struct DataSet: Equatable, Sendable {
    package private(set) var elements: [DataElement]
    /// In effect here: that of the data set, else of the one that contains it.
    package var characterSet: CharacterSet

    package init(_ elements: [DataElement] = [], characterSet: CharacterSet = .standard) {
        self.characterSet = characterSet
        self.elements = elements
        sort()
    }

    package subscript(_ tag: Tag) -> DataElement? {
        let place = position(of: tag)
        return place < elements.count && elements[place].tag == tag ? elements[place] : nil
    }

    /// Adds the element, or replaces the one with its tag.
    package mutating func set(_ element: DataElement) {
        let place = position(of: element.tag)
        if place < elements.count, elements[place].tag == element.tag {
            elements[place] = element
        } else {
            elements.insert(element, at: place)
        }
    }

    mutating func mapElements(_ change: (DataElement) -> DataElement) { elements = elements.map(change) }

    /// The first place whose tag is not below `tag`.
    private func position(of tag: Tag) -> Int {
        var low = 0
        var high = elements.count
        while low < high {
            let middle = (low + high) / 2
            if elements[middle].tag < tag { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Of elements with one tag, the last one remains, as in pydicom.
    private mutating func sort() {
        guard !zip(elements, elements.dropFirst()).allSatisfy({ $0.tag < $1.tag }) else { return }
        var last: [Tag: DataElement] = [:]
        for element in elements { last[element.tag] = element }
        elements = last.values.sorted { $0.tag < $1.tag }
    }
}
