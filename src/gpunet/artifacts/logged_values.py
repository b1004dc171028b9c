"""Numbers and arrays in the log of a run, since JSON has only finite numbers and texts."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from gpunet.files.typed_json import UnsoundError

__all__ = ["Array", "Count", "as_base64", "finite", "from_base64"]

Count = Annotated[int, Meta(ge=0, lt=1 << 53)]


class Array(msgspec.Struct):
    """An array (n,) or (n, m), bit by bit."""

    dtype: Literal["uint8", "int32", "float32", "float64"]
    shape: Annotated[tuple[Count, ...], Meta(max_length=2)]
    base64: str

    @classmethod
    def of(cls, values: NDArray[Any]) -> Array:
        """An array for a line of the log."""
        return cls(values.dtype.name, values.shape, as_base64(values))  # type: ignore[arg-type]

    def values(self) -> NDArray[Any]:
        """The array.

        Raises:
            UnsoundError: the bytes do not have this type and shape.
        """
        return from_base64(self.base64, self.dtype, self.shape)


def finite(value: float, digits: int) -> float | None:
    """A number rounded to this many digits, or ``None`` if it is not finite.

    Nine digits give the bits of a float32, and seventeen those of a float64.
    """
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None


def as_base64(values: NDArray[Any]) -> str:
    """The bytes of an array, the lowest first, as text."""
    return base64.b64encode(values.astype(values.dtype.newbyteorder("<")).tobytes()).decode()


def from_base64(
    text: str, dtype: str, shape: Sequence[int], what: str = "an array"
) -> NDArray[Any]:
    """The array of a text from ``as_base64``; ``what`` names it in messages.

    Raises:
        UnsoundError: the text does not have this type and shape.
    """
    kind = np.dtype(dtype).newbyteorder("<")
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnsoundError(f"{what} is no base64") from error
    if len(content) != math.prod(shape) * kind.itemsize:
        raise UnsoundError(f"{what} of shape {tuple(shape)} has {len(content)} bytes")
    return np.frombuffer(content, kind).reshape(shape).astype(dtype)
