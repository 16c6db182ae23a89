extension Unicode.Scalar {
    /// Whether it is invisible or changes how its neighbours are displayed: controls, zero-width characters,
    /// bidirectional controls, fillers. Two texts that differ in such characters look the same.
    package var isInvisible: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        // The last is the blank Braille pattern.
        default: properties.isDefaultIgnorableCodePoint || value == 0x2800
        }
    }
}

extension String {
    /// Without invisible characters, for display only.
    package var visible: String {
        String(String.UnicodeScalarView(unicodeScalars.filter { !$0.isInvisible }))
    }
}

extension Validation {
    /// Like `text`, for names of people, cases and things: one line of visible characters.
    package mutating func label(_ field: String, _ text: String?, required: Bool = false, atMost limit: Int) -> String {
        let label = self.text(field, text, required: required, atMost: limit)
        guard label.unicodeScalars.contains(where: \.isInvisible) else { return label }
        add(field, "Invisible characters and line breaks are not allowed.")
        return ""
    }
}
