"""Numbers as text within an HTML file, small and exact.

Each array is cut into planes of its numbers' bytes, as the exponents of neighbors are alike and
their digits are not, then deflated, then written in 85 characters, five for four bytes.
``web/data.js`` reads it.
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["packed_array", "packed_bytes"]

HTML_SAFE = bytes.maketrans(b"<&>", b",.:")
"""The characters of ``base64.b85encode`` that mean something in HTML, and what stands for them."""


def packed_array(values: NDArray[Any]) -> str:
    """An array of any shape, in row-major order and with the lowest bytes first.

    Example:
        >>> import numpy as np
        >>> len(packed_array(np.zeros(1000, np.float32)))
        22
    """
    little = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"), copy=False)
    planes = little.reshape(-1, 1).view(np.uint8).T  # (bytes of a number, numbers)
    return packed_bytes(planes.tobytes())


def packed_bytes(content: bytes) -> str:
    """Bytes, deflated as RFC 1950 has it, as text without ``<``, ``&``, ``>``, quotes or spaces."""
    deflated = zlib.compress(content, 9)
    return base64.b85encode(deflated).translate(HTML_SAFE).decode("ascii")
