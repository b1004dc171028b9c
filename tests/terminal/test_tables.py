from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.text import Text

from gpunet.model import Scores
from gpunet.terminal.draw.style import RIGHT_SHARE, UNICODE, WRONG_SHARE
from gpunet.terminal.views.tables import (
    class_table,
    confusion_table,
    ensemble_table,
    summary_table,
    target_table,
)
from gpunet.training.metrics import ClassScores, TargetScores

MakeConsole = Callable[..., Console]

NOTHING = UNICODE.nothing

FASHION = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def printed(console: Console, table: RenderableType) -> list[str]:
    console.print(table)
    lines: list[str] = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    return lines


def confusion_lines(console: Console, *arguments: Any, **settings: Any) -> list[str]:
    return printed(console, confusion_table(console, *arguments, **settings))


def confusions(classes: int, scale: int = 1) -> np.ndarray:
    """(C, C): mostly right, the first class often taken for the last one."""
    matrix = np.eye(classes, dtype=np.int64) * 90 * scale
    matrix[0, -1] = 10 * scale
    matrix[-1, 1] = 3 * scale
    return matrix


def test_the_matrix_of_ten_classes_fits_eighty_columns(make_text_console: MakeConsole) -> None:
    lines = confusion_lines(make_text_console(80), confusions(10, 100), FASHION)
    first = next(line for line in lines if "T-shirt/top" in line)
    assert ["0", "T-shirt/top", "9000", *[NOTHING] * 8, "1000"] == first.split()
    assert all(cell_len(line) <= 80 for line in lines)


def test_rows_are_labels_and_columns_are_predictions(make_text_console: MakeConsole) -> None:
    matrix = np.array([[5, 2], [0, 7]])
    lines = confusion_lines(make_text_console(), matrix, ("0", "1"))
    assert lines[0] == "rows: label, columns: prediction"
    assert [line.split() for line in lines[1:]] == [
        ["0", "1"],
        ["0", "5", "2"],
        ["1", NOTHING, "7"],
    ]


def test_of_many_classes_the_most_confused_pairs_are_listed(make_text_console: MakeConsole) -> None:
    names = tuple(f"class {n}" for n in range(100))
    lines = confusion_lines(make_text_console(80), confusions(100), names)
    rows = [line.split("  ") for line in lines if line.startswith("class ")]
    assert [part.strip() for part in rows[0] if part] == ["class 0", "class 99", "10", "10.00 %"]
    assert [part.strip() for part in rows[1] if part] == ["class 99", "class 1", "3", "3.23 %"]
    assert len(rows) == 2


def test_the_most_confused_pairs_follow_the_matrix_if_asked_for(
    make_text_console: MakeConsole,
) -> None:
    lines = confusion_lines(make_text_console(), confusions(3), ("ant", "bee", "cow"), pairs=True)
    assert lines[-2].split() == ["ant", "cow", "10", "10.00", "%"]
    assert lines[-1].split() == ["cow", "bee", "3", "3.23", "%"]
    assert lines[0] == "rows: label, columns: prediction"


def test_no_mistake_at_all_is_said_in_words(make_text_console: MakeConsole) -> None:
    matrix = np.eye(100, dtype=np.int64)
    names = tuple(str(n) for n in range(100))
    assert confusion_lines(make_text_console(), matrix, names) == ["no sample was misclassified"]


def test_an_empty_class_does_not_hinder_the_matrix(make_text_console: MakeConsole) -> None:
    matrix = np.zeros((3, 3), np.int64)
    lines = confusion_lines(make_text_console(colors="truecolor"), matrix, ("a", "b", "c"))
    assert len(lines) == 7


def test_it_is_told_what_a_filled_cell_means_where_there_is_one(
    make_text_console: MakeConsole,
) -> None:
    matrix = np.array([[95, 5], [50, 70]])
    lines = confusion_lines(make_text_console(colors="truecolor"), matrix, ("a", "b"))
    assert [Text.from_ansi(line).plain for line in lines[-2:]] == [
        " right  at least 90 % of its row",
        " wrong  at least 10 % of its row",
    ]
    assert "at least" not in "".join(confusion_lines(make_text_console(), matrix, ("a", "b")))


def test_figures_of_a_class_that_are_not_defined_are_dashes(make_text_console: MakeConsole) -> None:
    nothing = np.array([np.nan, 0.5])
    table = class_table(ClassScores(nothing, nothing, nothing, np.array([0, 1234])), ("cat", "dog"))
    lines = printed(make_text_console(), table)
    assert lines[-2].split() == ["cat", "-", "-", "-", "0"]
    assert ["dog", *["50.00", "%"] * 3, "1,234"] == lines[-1].split()


def test_a_summary_has_names_beside_values_and_folds_long_paths(
    make_text_console: MakeConsole,
) -> None:
    lines = printed(
        make_text_console(40), summary_table([("best epoch", "7"), ("model", "/folder" * 9)])
    )
    assert lines[0].split() == ["best", "epoch", "7"]
    assert "".join(line[12:].strip() for line in lines[1:]) == "/folder" * 9


@pytest.mark.parametrize("width", [40, 80, 160])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_tables_stay_within_the_width(
    make_text_console: MakeConsole,
    width: int,
    ascii_only: bool,
) -> None:
    names = tuple(f"a class with a very long name {n}" for n in range(12))
    shares = np.linspace(0, 1, 12)
    console = make_text_console(width, ascii_only=ascii_only)
    for table in (
        confusion_table(console, confusions(12), names, pairs=True),
        class_table(ClassScores(shares, shares, shares, np.arange(12)), names),
        summary_table([("name", "word " * 40)]),
    ):
        lines = printed(console, table)
        assert all(cell_len(line) <= width for line in lines)
        assert ascii_only == all(line.isascii() for line in lines)


def test_a_count_is_the_stronger_the_larger_its_share_of_its_row(
    make_text_console: MakeConsole,
) -> None:
    console = make_text_console(colors="truecolor")
    matrix = np.array([[95, 5, 0], [50, 70, 1], [7, 0, 33]])
    lines = console.render_lines(confusion_table(console, matrix, ("a", "b", "c")), pad=False)
    shades = [*RIGHT_SHARE, *WRONG_SHARE]
    styles = {part.text.strip(): part.style for line in lines for part in line}
    places = {
        count: next(n for n, name in enumerate(shades) if console.get_style(name) == styles[count])
        for count in ("95", "5", "50", "70", "1", "7", "33")
    }
    plain = {
        count: (bool(style.bold), bool(style.reverse)) for count, style in styles.items() if style
    }
    assert [plain[count] for count in ("95", "70", "5", "50", "1")] == [
        (True, True),
        (True, False),
        (True, False),
        (True, True),
        (False, False),
    ]  # the larger the share, the stronger without color, too
    assert places == {"95": 2, "70": 1, "33": 1, "1": 3, "5": 4, "7": 5, "50": 5}


def test_at_most_six_pairs_follow_the_matrix(make_text_console: MakeConsole) -> None:
    matrix = np.arange(9).reshape(3, 3) + 1
    names = ("ant", "bee", "cow", "dog")
    matrix = np.pad(matrix, (0, 1), constant_values=20)
    lines = confusion_lines(make_text_console(), matrix, names, pairs=True)
    assert len(lines) - lines.index("") == 1 + 2 + 6


def test_the_networks_of_an_ensemble_are_counted_from_zero(make_text_console: MakeConsole) -> None:
    table = ensemble_table(Scores(0.125, 0.75), [Scores(0.5, 0.25), Scores(1.5, 0.5)])
    head, _, *rows = printed(make_text_console(), table)
    assert head.split() == ["network", "accuracy", "loss"]
    assert [row.split() for row in rows] == [
        ["0", "25.00", "%", "0.5000"],
        ["1", "50.00", "%", "1.5000"],
        ["together", "75.00", "%", "0.1250"],
    ]


def test_precision_recall_and_f1_stand_in_their_own_columns(make_text_console: MakeConsole) -> None:
    precision, recall, f1 = (np.array([share]) for share in (0.125, 0.25, 0.5))
    table = class_table(ClassScores(precision, recall, f1, np.array([7])), ("cat",))
    lines = printed(make_text_console(), table)
    assert lines[0].split() == ["class", "precision", "recall", "F1", "samples"]
    assert lines[-1].split() == ["cat", "12.50", "%", "25.00", "%", "50.00", "%", "7"]


def test_what_was_never_predicted_is_a_dash_in_the_matrix(make_text_console: MakeConsole) -> None:
    matrix = np.array([[5, 0], [2, 7]])
    lines = confusion_lines(make_text_console(), matrix, ("a", "b"))
    assert [line.split()[2:] for line in lines[-2:]] == [["5", "–"], ["2", "7"]]  # noqa: RUF001


def test_every_target_has_its_scores_and_several_have_a_mean(
    make_text_console: MakeConsole,
) -> None:
    scores = TargetScores(np.array([0.5, -0.25]), np.array([250_119.4, 0.5]), np.array([9e5, 0.25]))
    lines = printed(make_text_console(60), target_table(scores, ("price", "size")))
    assert [line.split() for line in lines if not line.startswith("─")] == [
        ["target", "R2", "RMSE", "MAE"],
        ["price", "0.5000", "250,119", "900,000"],
        ["size", "-0.2500", "0.50000", "0.25000"],
        ["mean", "0.1250", "125,060", "450,000"],
    ]
    alone = TargetScores(scores.r2[:1], scores.rmse[:1], scores.mae[:1])
    assert len(printed(make_text_console(60), target_table(alone, ("price",)))) == 3


def test_an_ensemble_on_measured_targets_is_told_by_r2_and_the_errors(
    make_text_console: MakeConsole,
) -> None:
    own = [Scores(0.5, None, 0.25, 3.0, 2.0), Scores(None, None)]
    lines = printed(make_text_console(60), ensemble_table(own[0], own, "measured"))
    assert lines[0].split() == ["network", "R2", "RMSE", "MAE", "loss"]
    assert lines[2].split() == ["0", "0.2500", "3.0000", "2.0000", "0.5000"]
    assert lines[3].split() == ["1", "-", "-", "-", "-"]
