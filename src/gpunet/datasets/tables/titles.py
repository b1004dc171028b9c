"""Titles of columns: which ones name a label, the rows' numbers, or the pixels of an image."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["are_pixel_titles", "is_index_title", "is_label_title", "may_be_label_title"]

LABELS = frozenset(
    {
        *("label", "labels", "class", "classes", "target", "targets", "category", "species"),
        *("variety", "digit", "diagnosis", "outcome", "classlabel", "classname", "classid"),
        *("labelname", "labelid", "targetclass", "targetname", "ytrue", "groundtruth"),
        *("survived", "churn", "churned", "attrition", "sentiment", "isfraud", "isspam"),
    }
)
"""What a label's column is called, without case, blanks, dots, dashes and underscores."""

PERHAPS_LABELS = LABELS | {
    *("y", "response", "result", "kind", "type", "group", "quality", "income", "grade", "status"),
    *("default", "defaulted", "approved", "purchased", "subscribed", "readmitted", "exited"),
}
"""What a label's column may be called; the further ones may be features as well."""

INDICES = frozenset(
    {
        *("", "id", "ids", "index", "idx", "row", "rows", "rowid", "rowname", "rownames"),
        *("rownumber", "rownum", "rowindex", "no", "nr", "num", "number", "#", "unnamed:0"),
    }
)
"""What a column is called that numbers or names the rows, spelled as in ``LABELS``."""

INDEX_END = re.compile(r"(?:^|[\W_])id$|[a-z](?:Id|ID)$")
"""How the title of a column that names the rows may end: ``PassengerId``, ``sample_id``."""

PIXEL = re.compile(r"(?:pixel|pix|px)[\s_.-]?\d+|\d+\s?x\s?\d+")


def is_label_title(title: str) -> bool:
    """Whether a column of this title is the label."""
    return _plain(title) in LABELS


def may_be_label_title(title: str) -> bool:
    """Whether a column of this title may be the label."""
    return _plain(title) in PERHAPS_LABELS


def is_index_title(title: str) -> bool:
    """Whether a column of this title, an empty one among them, numbers or names the rows."""
    return _plain(title) in INDICES or INDEX_END.search(title.strip()) is not None


def are_pixel_titles(titles: Sequence[str]) -> bool:
    """Whether columns are titled like pixels: ``pixel0``, ``1x1``."""
    return all(PIXEL.fullmatch(title.casefold()) for title in titles)


def _plain(title: str) -> str:
    return re.sub(r"[\s._-]", "", title).casefold()
