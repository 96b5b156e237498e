"""Texts cut into pieces of equal length."""
