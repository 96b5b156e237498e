"""Checks of curves, one a file."""
