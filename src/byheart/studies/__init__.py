"""Claim -> Evidence: what is said about memorization, measured, with a verdict that follows from the numbers."""
