"""The sentences that refuse data."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpunet.datasets.readers.path import read_path
from gpunet.datasets.tables.options import TableOptions
from gpunet.errors import DataError


def refusal(path: Path, options: TableOptions | None = None) -> str:
    """The sentence that refuses a file; its path, which it must tell, cut to the file's name."""
    with pytest.raises(DataError) as caught:
        read_path(path, options=options or TableOptions())
    assert str(path) in str(caught.value)
    return str(caught.value).replace(str(path), path.name)
