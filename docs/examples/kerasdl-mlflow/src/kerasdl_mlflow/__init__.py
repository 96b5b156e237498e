"""Writes every run of kerasdl to MLflow."""
