/// The part of a tumour that a quantity measures: a region, or the difference of two.
enum Extent: Sendable, CaseIterable {
    case whole, core, enhancing, oedema, necrosis, nonEnhancing

    /// Its region, minus the second one if there is one.
    var regions: (of: Region, without: Region?) {
        switch self {
        case .whole: (.whole, nil)
        case .core: (.core, nil)
        case .enhancing: (.enhancing, nil)
        case .oedema: (.whole, .core)
        case .necrosis: (.core, .enhancing)
        case .nonEnhancing: (.whole, .enhancing)
        }
    }

    var name: String {
        switch self {
        case .oedema: "oedema"
        case .necrosis: "non-enhancing core"
        case .nonEnhancing: "non-enhancing tumour"
        default: regions.of.name
        }
    }
}
