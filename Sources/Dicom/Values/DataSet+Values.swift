/// Values by tag. A missing, empty or malformed attribute is `nil` or empty: callers decide what they need.
extension DataSet {
    package func strings(_ tag: Tag) -> [String] {
        self[tag]?.texts(in: characterSet) ?? []
    }

    /// The first value; `nil` if it is empty.
    package func string(_ tag: Tag) -> String? {
        strings(tag).first.flatMap { $0.isEmpty ? nil : $0 }
    }

    package func integers(_ tag: Tag) -> [Int] {
        if case .integers(let found) = self[tag]?.value(in: characterSet) { found } else { [] }
    }

    package func integer(_ tag: Tag) -> Int? { integers(tag).first }

    /// Finite numbers only.
    package func reals(_ tag: Tag) -> [Double] {
        let found: [Double] =
            switch self[tag]?.value(in: characterSet) {
            case .reals(let numbers): numbers
            case .integers(let numbers): numbers.map(Double.init)
            default: []
            }
        return found.allSatisfy(\.isFinite) ? found : []
    }

    package func real(_ tag: Tag) -> Double? { reals(tag).first }

    package func items(_ tag: Tag) -> [DataSet] { self[tag]?.items ?? [] }
}
