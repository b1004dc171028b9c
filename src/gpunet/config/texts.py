"""Values that people write as one text, such as ``16,16`` or ``1h30m``."""

from __future__ import annotations

import math
import re

from gpunet.errors import SettingError

__all__ = [
    "parse_activation",
    "parse_class_weights",
    "parse_dropout",
    "parse_duration",
    "parse_hidden",
    "parse_names",
    "written",
]


def parse_hidden(text: str) -> tuple[int, ...]:
    """Parse hidden layers such as ``16,16``; an empty text or ``none`` means no layers.

    Raises:
        SettingError: something between the commas is not a whole number above zero.
    """
    if text.strip().lower() in {"", "none"}:
        return ()
    sizes = []
    for position, part in enumerate(text.split(","), start=1):
        digits = part.strip()
        is_number = digits.isascii() and digits.isdigit() and len(digits) < 20
        if not is_number or int(digits) == 0:
            raise SettingError(
                "hidden",
                text,
                "a whole number of units",
                "write for example 16,16",
                f"{text}: part {position} is {digits!r}, wanted a whole number of units",
            )
        sizes.append(int(part))
    return tuple(sizes)


def parse_duration(text: str, name: str = "max_time") -> float:
    """Parse a duration such as ``90``, ``90s``, ``10m``, ``1.5h`` or ``1h30m``; in seconds.

    Raises:
        SettingError: the text is not a duration, or not above zero.
    """
    number = r"(\d+(?:\.\d+)?)"
    parts = re.fullmatch(f"(?:{number}h)?(?:{number}m)?(?:{number}s?)?", text.strip(), re.ASCII)
    seconds = 0.0
    for unit, part in zip((3600, 60, 1), parts.groups() if parts else (), strict=False):
        seconds += unit * float(part or 0)
    if not 0 < seconds < math.inf:
        wanted = "a time above zero"
        advice = "write for example 90s, 10m or 1h30m"
        raise SettingError(name, text, wanted, advice, f"{text}: wanted {wanted}")
    return seconds


def parse_names(text: str) -> tuple[str, ...]:
    """Parse names separated by commas, such as ``age,Fare paid``."""
    return tuple(filter(None, map(str.strip, text.split(","))))


def parse_dropout(text: str) -> float | tuple[float, ...]:
    """Parse one dropout rate, or one for each hidden layer, such as ``0.2,0.5``.

    Raises:
        SettingError: something between the commas is not a number.
    """
    rates = []
    for part in text.split(","):
        try:
            rates.append(float(part))
        except ValueError:
            raise SettingError(
                "dropout",
                text,
                "a rate from 0 to below 1",
                "give a rate from 0 to below 1 for all hidden layers, or one for each, separated "
                "by commas",
                f"{text}: {part.strip()!r} is not a number",
            ) from None
    return rates[0] if len(rates) == 1 else tuple(rates)


def parse_activation(text: str) -> str | tuple[str, ...]:
    """Parse one activation, or one for each hidden layer, such as ``relu,tanh``."""
    names = tuple(name.strip() for name in text.split(","))
    return names[0] if len(names) == 1 else names


def parse_class_weights(text: str) -> str | tuple[float, ...]:
    """Parse ``none``, ``balanced``, or one weight for each class, such as ``1,5,0.5``.

    Raises:
        SettingError: something between the commas is not a number of at least zero.
    """
    word = text.strip().lower()
    if word in {"none", "balanced"}:
        return word
    try:
        return tuple(
            int(part) if part.strip().isdigit() else float(part) for part in text.split(",")
        )
    except ValueError:
        wanted = "a number of at least 0 for each class, or balanced, or none"
        raise SettingError(
            "class_weights", text, wanted, says=f"{text} is not a list of weights, wanted {wanted}"
        ) from None


def written(value: object) -> str:
    """A value as one text, which the functions above can parse."""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value)) or "none"
    return str(value)
