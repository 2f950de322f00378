"""Audit -> files."""
