"""Run -> Scores: what each example's evidence says, one file a score."""
