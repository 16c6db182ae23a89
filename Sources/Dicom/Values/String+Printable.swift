extension String {
    /// Without control characters, which could command a terminal, and of bounded length.
    var printable: String {
        String(String.UnicodeScalarView(unicodeScalars.filter { $0.properties.generalCategory != .control }.prefix(64)))
    }
}
