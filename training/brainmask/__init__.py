"""The brain mask of a raw head: synthetic heads and composites, a small network, and the post-processing of the Swift server."""
