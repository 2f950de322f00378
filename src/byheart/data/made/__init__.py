"""seed -> Task: data drawn from a law that is written down, so that what should be learned and what was are known."""
