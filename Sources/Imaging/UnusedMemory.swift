import CITK

/// What the process has freed and the allocator still keeps.
package enum UnusedMemory {
    /// Hands it back to the system; takes milliseconds.
    package static func release() { citk_release_memory() }
}
