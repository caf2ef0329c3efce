"""Checkpoint directories: the published layout plus what makes them self-contained."""
