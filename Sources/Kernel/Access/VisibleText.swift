extension Unicode.Scalar {
    /// Whether it shows nothing by itself, or changes how what is around it is shown: controls, zero-width characters,
    /// bidirectional controls, fillers. Two texts that differ in such characters look the same.
    package var isInvisible: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        // The last is Braille without a dot.
        default: properties.isDefaultIgnorableCodePoint || value == 0x2800
        }
    }
}

extension String {
    /// Without the characters that show nothing, for what is only displayed.
    package var visible: String {
        String(String.UnicodeScalarView(unicodeScalars.filter { !$0.isInvisible }))
    }
}

extension Validation {
    /// The same as `text` for what people, cases and things are known by: one line in which every character shows.
    package mutating func label(_ field: String, _ text: String?, required: Bool = false, atMost limit: Int) -> String {
        let label = self.text(field, text, required: required, atMost: limit)
        guard label.unicodeScalars.contains(where: \.isInvisible) else { return label }
        add(field, "Invisible characters and line breaks are not allowed.")
        return ""
    }
}
