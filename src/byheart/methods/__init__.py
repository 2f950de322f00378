"""moment -> change: what acts in the training loop, one file each.

A method is a pure function that does the arithmetic and a frozen dataclass, its event, that says at which moment of
`runs.events` it is done.
"""
