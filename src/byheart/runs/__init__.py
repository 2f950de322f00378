"""Task -> Run: train, watch every example, leave a folder that can be resumed and asked."""
