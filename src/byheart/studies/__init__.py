"""Claims about memorization, each with what is measured, and a verdict that follows from the numbers."""
