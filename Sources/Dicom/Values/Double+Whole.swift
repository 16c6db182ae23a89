extension Double {
    /// The nearest integer; numbers from files may be of any size, or none at all.
    var whole: Int { isNaN ? 0 : Int(Swift.min(Swift.max(rounded(), -1e15), 1e15)) }
}
