"""Two spirals: the classic test of a small network."""
