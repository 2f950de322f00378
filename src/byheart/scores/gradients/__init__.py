"""network, examples -> each example's own gradient: its norm, by layer, without forming it where that is cheaper."""
