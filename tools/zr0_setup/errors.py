"""What can go wrong while setting up, in words."""


class SetupError(Exception):
    """The set-up cannot go on; the message says why, and what to do."""
