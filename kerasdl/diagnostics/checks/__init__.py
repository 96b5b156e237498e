"""Checks of a model about to be trained, one a file."""
