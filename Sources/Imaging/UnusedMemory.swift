import CITK

/// Memory that the process has freed but the allocator still keeps.
package enum UnusedMemory {
    /// Returns it to the system; takes milliseconds.
    package static func release() { citk_release_memory() }
}
