"""The smallest kerasdl plugin: one architecture."""
