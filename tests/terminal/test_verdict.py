import math

import numpy as np
import pytest

from gpunet.terminal.draw.style import Ink
from gpunet.terminal.views.verdict import Verdict, verdicts

CLASSES = ("cat", "dog", "Ankle boot")


@pytest.mark.parametrize(
    ("verdict", "width", "caption"),
    [
        (Verdict("cat", "cat", 0.98, True), 20, "✓ cat 98 %"),
        (Verdict("cat", "cat", 0.98, True), 8, "✓ cat"),
        (Verdict("cat", "dog", 0.62, False), 20, "✗ dog 62 % (cat)"),
        (Verdict("cat", "dog", 0.62, False), 12, "✗ dog (cat)"),
        (Verdict("Ankle boot", "dog", 0.62, False), 12, "✗ dog 62 %"),
        (Verdict("cat", "Ankle boot", 0.62, False), 6, "✗ Ank…"),
    ],
)
def test_a_caption_says_as_much_as_there_is_room_for(
    verdict: Verdict, width: int, caption: str
) -> None:
    assert caption == verdict.caption(width, ascii_only=False).plain


def test_right_and_wrong_differ_in_color_and_in_ascii_words() -> None:
    right, wrong = Verdict("cat", "cat", 0.9, True), Verdict("cat", "dog", 0.9, False)
    captions = [verdict.caption(30, ascii_only=True) for verdict in (right, wrong)]
    assert [caption.plain for caption in captions] == ["ok cat 90 %", "NO dog 90 % (cat)"]
    assert [str(caption.style) for caption in captions] == [Ink.RIGHT, Ink.WRONG]


def test_a_sentence_leads_from_the_label_to_the_prediction() -> None:
    sentence = Verdict("cat", "dog", 0.62, False).sentence(40, ascii_only=False)
    assert sentence.plain == "cat → dog ✗ 62 %"


def test_the_largest_probability_is_the_prediction() -> None:
    table = np.array([[0.1, 0.9], [0.6, 0.4]], np.float32)
    first, second = verdicts(np.array([1, 1], np.int32), table, CLASSES)
    assert (first.prediction, first.right) == ("dog", True)
    assert (second.prediction, second.right) == ("cat", False)
    assert pytest.approx(first.probability) == 0.9


def test_what_is_no_number_counts_as_improbable() -> None:
    (verdict,) = verdicts(np.array([1], np.int32), np.array([[math.nan, 0.2]], np.float32), CLASSES)
    assert verdict.prediction == "dog"
    assert pytest.approx(verdict.probability) == 0.2


@pytest.mark.parametrize(
    ("verdict", "width", "ascii_only", "told"),
    [
        (Verdict("cat", "dog", 0.625, False), 16, False, "✗ dog 62 % (cat)"),
        (Verdict("cat", "dog", 0.625, False), 15, False, "✗ dog (cat)"),
        (Verdict("cat", "dog", 0.625, False), 11, False, "✗ dog (cat)"),
        (Verdict("cat", "dog", 0.625, False), 10, False, "✗ dog 62 %"),
        (Verdict("cat", "dog", 0.625, False), 9, False, "✗ dog"),
        (Verdict("cat", "dog", 0.625, False), 4, False, "✗ d…"),
        (Verdict("dog", "dog", 1.0, True), 11, False, "✓ dog 100 %"),
        (Verdict("cat", "dog", 0.625, False), 17, True, "NO dog 62 % (cat)"),
        (Verdict("cat", "dog", 0.625, False), 5, True, "NO d~"),
    ],
)
def test_a_caption_loses_its_parts_one_by_one(
    verdict: Verdict, width: int, ascii_only: bool, told: str
) -> None:
    caption = verdict.caption(width, ascii_only)
    assert (caption.plain, str(caption.style)) == (told, verdict.style)


def test_a_sentence_is_cut_at_its_end_and_only_the_prediction_is_colored() -> None:
    wrong = Verdict("Ankle boot", "dog", 0.616, False)
    assert wrong.sentence(24, ascii_only=True).plain == "Ankle boot -> dog NO 62~"
    assert wrong.sentence(12, ascii_only=False).plain == "Ankle boot …"
    sentence = wrong.sentence(40, ascii_only=False)
    parts = [(sentence.plain[span.start : span.end], span.style) for span in sentence.spans]
    assert parts == [("Ankle boot → ", Ink.MUTED), ("dog ✗", Ink.WRONG), (" 62 %", Ink.MUTED)]
    assert not wrong.right
    right = Verdict("dog", "dog", 0.5, True).sentence(40, ascii_only=False)
    assert right.spans[1].style == Ink.RIGHT


def test_a_measured_prediction_is_neither_right_nor_wrong() -> None:
    targets, answers = np.array([[160.0], [0.25]]), np.array([[151.234567], [-12.3]])
    first, second = verdicts(targets, answers, ("price",), "measured")
    assert first == Verdict("160.00", "151.23")
    assert second.sentence(40, ascii_only=True).plain == "0.25000 -> -12.300"
    assert first.caption(20, ascii_only=False).plain == "151.23 (160.00)"
    assert first.caption(6, ascii_only=False).plain == "151.23"
    assert first.share() == ""


def test_labels_are_right_if_all_of_them_are() -> None:
    labels = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]], np.float32)
    shares = np.array([[0.9, 0.2, 0.8], [0.1, 0.4, 0.2], [0.9, 0.8, 0.3]], np.float32)
    both, none, wrong = verdicts(labels, shares, CLASSES, "labels")
    assert (both.label, both.prediction, both.right) == ("cat, Ankle boot", "cat, Ankle boot", True)
    assert pytest.approx(both.probability) == 0.9 * 0.8 * 0.8
    assert (none.label, none.prediction, none.right) == ("none", "none", True)
    assert wrong.caption(40, ascii_only=False).plain == "✗ cat, dog 50 % (dog)"
