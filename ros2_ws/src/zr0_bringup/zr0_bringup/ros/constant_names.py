"""Names of the constants of a message type."""

from functools import cache


@cache
def constant_names(message_type: type, *, without: str = "REASON_") -> dict[int, str]:
    """Return the names, in lower case, of a message type's integer constants by their values.

    Args:
        message_type: The message class.
        without: Constants whose names begin so are another enumeration, and left out.
    """
    values = {name: getattr(message_type, name) for name in dir(message_type) if name.isupper()}
    return {
        value: name.lower() for name, value in values.items() if isinstance(value, int) and not name.startswith(without)
    }
