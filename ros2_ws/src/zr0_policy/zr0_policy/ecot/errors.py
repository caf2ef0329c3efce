"""Errors of embodied chains of thought."""

from zr0_core.errors import Zr0Error

_LONGEST_VALUE = 80


class EcotError(Zr0Error):
    """A chain of thought is incomplete, contradicts itself, or does not have the published form."""

    @classmethod
    def at(cls, component: str, place: str, got: object, expected: str) -> "EcotError":
        """Say which component is wrong and where.

        Args:
            component: Key of the component, or what holds all of them.
            place: Place inside the component, empty for the whole.
            got: What is there.
            expected: What should be there, in words.
        """
        shown = repr(got)
        if len(shown) > _LONGEST_VALUE:
            shown = shown[:_LONGEST_VALUE] + "..."
        return cls(f"{component}{', ' if place else ''}{place}: got {shown}, expected {expected}")
