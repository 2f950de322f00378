"""Scores that read many trainings on random subsets."""
