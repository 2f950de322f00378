"""Trained network -> Scores: what it does close to each example, one file a score."""
