"""The fast path: the same numbers as `model/`, with everything that does not change computed once."""
