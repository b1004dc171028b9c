import math

import numpy as np
import pytest

from gpunet.terminal.draw.style import Ink
from gpunet.terminal.views.verdict import Verdict, verdicts

CLASSES = ("cat", "dog", "Ankle boot")


@pytest.mark.parametrize(
    ("verdict", "width", "caption"),
    [
        (Verdict(0, 0, 0.98), 20, "✓ cat 98 %"),
        (Verdict(0, 0, 0.98), 8, "✓ cat"),
        (Verdict(0, 1, 0.62), 20, "✗ dog 62 % (cat)"),
        (Verdict(0, 1, 0.62), 12, "✗ dog (cat)"),
        (Verdict(2, 1, 0.62), 12, "✗ dog 62 %"),
        (Verdict(0, 2, 0.62), 6, "✗ Ank…"),
    ],
)
def test_a_caption_says_as_much_as_there_is_room_for(
    verdict: Verdict, width: int, caption: str
) -> None:
    assert caption == verdict.caption(CLASSES, width, ascii_only=False).plain


def test_right_and_wrong_differ_in_color_and_in_ascii_words() -> None:
    right, wrong = Verdict(0, 0, 0.9), Verdict(0, 1, 0.9)
    captions = [verdict.caption(CLASSES, 30, ascii_only=True) for verdict in (right, wrong)]
    assert [caption.plain for caption in captions] == ["ok cat 90 %", "NO dog 90 % (cat)"]
    assert [str(caption.style) for caption in captions] == [Ink.RIGHT, Ink.WRONG]


def test_a_sentence_leads_from_the_label_to_the_prediction() -> None:
    sentence = Verdict(0, 1, 0.62).sentence(CLASSES, 40, ascii_only=False)
    assert sentence.plain == "cat → dog ✗ 62 %"


def test_the_largest_probability_is_the_prediction() -> None:
    table = np.array([[0.1, 0.9], [0.6, 0.4]], np.float32)
    first, second = verdicts(np.array([1, 1], np.int32), table)
    assert (first.prediction, first.right) == (1, True)
    assert (second.prediction, second.right) == (0, False)
    assert pytest.approx(first.probability) == 0.9


def test_what_is_no_number_counts_as_improbable() -> None:
    (verdict,) = verdicts(np.array([1], np.int32), np.array([[math.nan, 0.2]], np.float32))
    assert verdict.prediction == 1
    assert pytest.approx(verdict.probability) == 0.2


@pytest.mark.parametrize(
    ("verdict", "width", "ascii_only", "told"),
    [
        (Verdict(0, 1, 0.625), 16, False, "✗ dog 62 % (cat)"),
        (Verdict(0, 1, 0.625), 15, False, "✗ dog (cat)"),
        (Verdict(0, 1, 0.625), 11, False, "✗ dog (cat)"),
        (Verdict(0, 1, 0.625), 10, False, "✗ dog 62 %"),
        (Verdict(0, 1, 0.625), 9, False, "✗ dog"),
        (Verdict(0, 1, 0.625), 4, False, "✗ d…"),
        (Verdict(1, 1, 1.0), 11, False, "✓ dog 100 %"),
        (Verdict(0, 1, 0.625), 17, True, "NO dog 62 % (cat)"),
        (Verdict(0, 1, 0.625), 5, True, "NO d~"),
    ],
)
def test_a_caption_loses_its_parts_one_by_one(
    verdict: Verdict, width: int, ascii_only: bool, told: str
) -> None:
    caption = verdict.caption(CLASSES, width, ascii_only)
    assert (caption.plain, str(caption.style)) == (told, verdict.style)


def test_a_sentence_is_cut_at_its_end_and_only_the_prediction_is_colored() -> None:
    wrong = Verdict(2, 1, 0.616)
    assert wrong.sentence(CLASSES, 24, ascii_only=True).plain == "Ankle boot -> dog NO 62~"
    assert wrong.sentence(CLASSES, 12, ascii_only=False).plain == "Ankle boot …"
    sentence = wrong.sentence(CLASSES, 40, ascii_only=False)
    parts = [(sentence.plain[span.start : span.end], span.style) for span in sentence.spans]
    assert parts == [("Ankle boot → ", Ink.MUTED), ("dog ✗", Ink.WRONG), (" 62 %", Ink.MUTED)]
    assert not wrong.right
    assert Verdict(1, 1, 0.5).sentence(CLASSES, 40, ascii_only=False).spans[1].style == Ink.RIGHT
