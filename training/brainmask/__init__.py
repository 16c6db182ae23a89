"""The brain mask of a raw head: synthetic heads and composites, a small network, and what the Swift server does after it."""
