"""Files -> Task: what is learned, with its examples, its ids and, where something was planted, the truth."""
