"""What can go wrong between actions and their tokens."""

from zr0_core.errors import Zr0Error


class ActionTokenError(Zr0Error):
    """A chunk cannot become tokens, tokens are not a chunk, or the files of a tokenizer are not what they claim."""
