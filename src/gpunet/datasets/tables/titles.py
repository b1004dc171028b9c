"""Titles of columns that mark a label, a target, the rows' numbers, or pixels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from gpunet.datasets.readers.files import shown

__all__ = [
    "are_pixel_titles",
    "is_class_title",
    "is_index_title",
    "is_label_title",
    "is_measured_title",
    "may_be_label_title",
    "may_be_measured_title",
    "shared_title",
]

CLASSES = frozenset(
    {
        *("class", "classes", "category", "species", "variety", "digit", "diagnosis"),
        *("classlabel", "classname", "classid", "labelname", "labelid", "targetclass"),
        *("targetname", "survived", "churn", "churned", "attrition", "isfraud", "isspam"),
    }
)
"""Titles of a label with classes, without case, blanks, dots, dashes and underscores."""

LABELS = CLASSES | {
    *("label", "labels", "target", "targets", "outcome", "ytrue", "groundtruth", "sentiment"),
}
"""Titles of a label, spelled as in ``CLASSES``; the additional ones may be measured."""

MEASURED = frozenset(
    {
        *("price", "prices", "saleprice", "sellingprice", "houseprice", "medv", "medhouseval"),
        *("medianhousevalue", "mpg", "charges", "salary", "wage", "wages", "revenue"),
        "targetvalue",
    }
)
"""Titles of measured targets, spelled as in ``CLASSES``."""

PERHAPS_LABELS = LABELS | {
    *("y", "response", "result", "kind", "type", "group", "quality", "income", "grade", "status"),
    *("default", "defaulted", "approved", "purchased", "subscribed", "readmitted", "exited"),
}
"""Possible titles of a label; the additional ones may also be features."""

INDICES = frozenset(
    {
        *("", "id", "ids", "index", "idx", "row", "rows", "rowid", "rowname", "rownames"),
        *("rownumber", "rownum", "rowindex", "no", "nr", "num", "number", "#", "unnamed:0"),
    }
)
"""Titles of columns that number or name the rows, spelled as in ``CLASSES``."""

INDEX_END = re.compile(r"(?:^|[\W_])id$|[a-z](?:Id|ID)$")
"""Endings of titles of columns that name the rows: ``PassengerId``, ``sample_id``."""

PIXEL = re.compile(r"(?:pixel|pix|px)[\s_.-]?\d+|\d+\s?x\s?\d+")


def is_class_title(title: str) -> bool:
    """Whether a column with this title holds classes, whatever its values."""
    return _plain(title) in CLASSES


def is_measured_title(title: str) -> bool:
    """Whether a column with this title is a measured target if it holds numbers."""
    return _plain(title) in MEASURED


def may_be_measured_title(title: str) -> bool:
    """Whether a column of this title may be a measured target."""
    return _plain(title) == "y"


def is_label_title(title: str) -> bool:
    """Whether a column of this title is the label."""
    return _plain(title) in LABELS


def may_be_label_title(title: str) -> bool:
    """Whether a column of this title may be the label."""
    return _plain(title) in PERHAPS_LABELS


def is_index_title(title: str) -> bool:
    """Whether a column with this title numbers or names the rows; an empty title does."""
    return _plain(title) in INDICES or INDEX_END.search(title.strip()) is not None


def are_pixel_titles(titles: Sequence[str]) -> bool:
    """Whether columns are titled like pixels: ``pixel0``, ``1x1``."""
    return all(PIXEL.fullmatch(title.casefold()) for title in titles)


def _plain(title: str) -> str:
    return re.sub(r"[\s._-]", "", title).casefold()


def shared_title(titles: Sequence[object]) -> str | None:
    """A notice, if two columns have one title."""
    title, times = max(Counter(titles).items(), key=lambda one: one[1], default=("", 0))
    if times < 2 or not title:
        return None
    return (
        f"{times:,} columns are titled {shown(str(title))}, so those of new rows are told by their "
        "position; rename all but one to have them told by their titles"
    )
