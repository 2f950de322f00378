"""Scores that read one watched training."""
