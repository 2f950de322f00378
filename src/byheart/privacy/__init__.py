"""SubsetRuns -> leak: who was in the training set, how surely that can be told, and what bound on privacy it breaks."""
