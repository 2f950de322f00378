"""Audit -> change: what to do about what was found, and what it changes, measured."""
