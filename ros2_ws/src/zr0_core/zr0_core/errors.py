"""Errors that a user of the stack can cause and mend."""


class Zr0Error(Exception):
    """Base of every error raised for bad input, a bad environment or a refused request."""


class EmbodimentError(Zr0Error):
    """An embodiment file is malformed, or two embodiments that must agree do not."""


class StaleInputError(Zr0Error):
    """An input is missing or older than its maximum age."""


class MessageError(Zr0Error):
    """A message cannot be decoded, or does not carry what the embodiment declares."""


class ChunkRefusedError(Zr0Error):
    """An action chunk is not safe to execute."""


class KinematicsError(Zr0Error):
    """No joint configuration reaches the requested pose."""


class NormalisationError(Zr0Error):
    """Statistics are malformed, or cannot scale a component."""
