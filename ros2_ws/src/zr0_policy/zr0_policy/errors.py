"""Errors of policies and their weights."""

from zr0_core.errors import Zr0Error


class CheckpointError(Zr0Error):
    """A checkpoint directory is incomplete, damaged, foreign, or made for another robot."""


class PromptError(Zr0Error):
    """A prompt cannot be built or does not have the form that the model was trained on."""
