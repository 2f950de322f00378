"""words -> exit code: one file per command; results on standard output, progress and errors on standard error."""
