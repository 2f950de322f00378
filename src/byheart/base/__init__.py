"""Nothing of memorization: errors, names, seeds, files, progress."""
