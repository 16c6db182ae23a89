/// The value representations of PS3.5 §6.2.
package enum VR: String, CaseIterable, Sendable {
    case applicationEntity = "AE"
    case ageString = "AS"
    case attributeTag = "AT"
    case codeString = "CS"
    case date = "DA"
    case decimalString = "DS"
    case dateTime = "DT"
    case float = "FL"
    case double = "FD"
    case integerString = "IS"
    case longString = "LO"
    case longText = "LT"
    case otherByte = "OB"
    case otherDouble = "OD"
    case otherFloat = "OF"
    case otherLong = "OL"
    case otherVeryLong = "OV"
    case otherWord = "OW"
    case personName = "PN"
    case shortString = "SH"
    case signedLong = "SL"
    case sequence = "SQ"
    case signedShort = "SS"
    case shortText = "ST"
    case signedVeryLong = "SV"
    case time = "TM"
    case unlimitedCharacters = "UC"
    case uniqueIdentifier = "UI"
    case unsignedLong = "UL"
    case unknown = "UN"
    case universalResource = "UR"
    case unsignedShort = "US"
    case unlimitedText = "UT"
    case unsignedVeryLong = "UV"

    /// Two capital letters as stored.
    init?(_ first: UInt8, _ second: UInt8) {
        guard let known = Self.byCode[UInt16(first) << 8 | UInt16(second)] else { return nil }
        self = known
    }

    /// The VR's two letters.
    var code: [UInt8] { Array(rawValue.utf8) }

    /// Whether explicit VR stores the length in 32 bits after two reserved bytes (PS3.5 table 7.1-1).
    package var hasLongLength: Bool {
        switch self {
        case .otherByte, .otherDouble, .otherFloat, .otherLong, .otherVeryLong, .otherWord, .sequence, .signedVeryLong,
            .unlimitedCharacters, .unknown, .universalResource, .unlimitedText, .unsignedVeryLong:
            true
        default: false
        }
    }

    /// Whether Specific Character Set applies.
    package var usesCharacterSet: Bool {
        switch self {
        case .longString, .longText, .personName, .shortString, .shortText, .unlimitedCharacters, .unlimitedText: true
        default: false
        }
    }

    package var isText: Bool {
        switch self {
        case .applicationEntity, .ageString, .codeString, .date, .decimalString, .dateTime, .integerString, .time,
            .uniqueIdentifier, .universalResource:
            true
        default: usesCharacterSet
        }
    }

    /// Whether a backslash separates values.
    var hasManyValues: Bool {
        switch self {
        case .longText, .shortText, .unlimitedText, .universalResource: false
        default: isText
        }
    }

    /// Bytes of one binary value, which decide what byte order swaps; 1 for text and bytes.
    var width: Int {
        switch self {
        case .signedShort, .unsignedShort, .otherWord, .attributeTag: 2
        case .float, .otherFloat, .otherLong, .signedLong, .unsignedLong: 4
        case .double, .otherDouble, .otherVeryLong, .signedVeryLong, .unsignedVeryLong: 8
        default: 1
        }
    }

    /// What makes the length of a value even.
    var padding: UInt8 { isText && self != .uniqueIdentifier ? 0x20 : 0 }

    private static let byCode: [UInt16: VR] = Dictionary(
        uniqueKeysWithValues: allCases.map { vr in
            (vr.code.reduce(0) { $0 << 8 | UInt16($1) }, vr)
        })
}
