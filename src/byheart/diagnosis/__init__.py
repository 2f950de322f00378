"""Scores -> Audit: what was found, by code, and the verdict (good, bad, ugly, none or undecided) with its evidence."""
