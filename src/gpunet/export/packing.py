"""Numbers as text in an HTML file, small and exact.

The bytes of an array are first regrouped into planes (all first bytes, all second bytes, and so
on), because neighboring numbers have similar exponents but different digits. Then they are deflated
and written in an alphabet of 85 characters, five for every four bytes. ``web/data.js`` reads it.
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["packed_array", "packed_bytes"]

HTML_SAFE = bytes.maketrans(b"<&>", b",.:")
"""Replacements for the characters of ``base64.b85encode`` that have a meaning in HTML."""


def packed_array(values: NDArray[Any]) -> str:
    """An array of any shape as text, in row-major order, little-endian.

    Example:
        >>> import numpy as np
        >>> len(packed_array(np.zeros(1000, np.float32)))
        22
    """
    little = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"), copy=False)
    planes = little.reshape(-1, 1).view(np.uint8).T  # (bytes per number, numbers)
    return packed_bytes(planes.tobytes())


def packed_bytes(content: bytes) -> str:
    """Bytes, deflated (RFC 1950), as text without ``<``, ``&``, ``>``, quotes or spaces."""
    deflated = zlib.compress(content, 9)
    return base64.b85encode(deflated).translate(HTML_SAFE).decode("ascii")
