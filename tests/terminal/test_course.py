"""What is kept of a run's steps, and the means that are drawn of them."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gpunet.terminal.views.course import CAPACITY, LOSS, RATE, SCORE, Course
from gpunet.terminal.views.view import View
from gpunet.training.events import EpochEnd, EpochRecord, Progress, RunInfo

MakeRun = Callable[..., RunInfo]
MakeRecord = Callable[..., EpochRecord]

NO_GALLERY = np.zeros((0, 10), np.float32)


def steps(*losses: float, each: float = 0.1) -> Course:
    """Stretches of one length, one after the other."""
    course = Course()
    for place, loss in enumerate(losses):
        course = course.followed_by(place * each, (place + 1) * each, loss, loss / 2, 0.01)
    return course


def report(epoch: int, step: int, loss: float | None) -> Progress:
    told = Progress(epoch, step, 100, 9.0, 0.0, 1.0, "training", 1.0, 1.0)
    return replace(told, recent_loss=loss, recent_score=0.5, learning_rate=0.01)


def test_the_mean_over_all_steps_stays_what_it_was_however_many_stretches_are_merged() -> None:
    draws = np.random.default_rng(0)
    course, total, place = Course(), 0.0, 0.0
    for _ in range(2 * CAPACITY + 7):
        length, loss = draws.uniform(0.001, 0.1), draws.uniform(0.1, 3.0)
        course = course.followed_by(place, place + length, loss, None, None)
        place, total = place + length, total + length * loss
    assert CAPACITY // 2 <= len(course.stretches) <= CAPACITY
    weights = course.stretches[:, 1] - course.stretches[:, 0]
    assert weights.sum() == pytest.approx(place)
    assert (weights * course.stretches[:, LOSS]).sum() == pytest.approx(total)


def test_without_smoothing_each_mean_stands_at_the_middle_of_its_steps() -> None:
    x, y = steps(3.0, 2.0, 1.0).curve(LOSS, (0.0, 1.0), 200)
    assert x.tolist() == pytest.approx([0.05, 0.15, 0.25])
    assert y.tolist() == pytest.approx([3.0, 2.0, 1.0])


def test_steps_in_one_place_are_one_mean_weighted_by_their_number() -> None:
    course = Course().followed_by(0.0, 0.1, 4.0, None, None).followed_by(0.1, 0.4, 1.0, None, None)
    x, y = course.curve(LOSS, (0.0, 10.0), 2)
    assert y.tolist() == pytest.approx([(0.1 * 4 + 0.3 * 1) / 0.4])
    assert x.tolist() == pytest.approx([(0.1 * 0.05 + 0.3 * 0.25) / 0.4])


def test_smoothing_is_a_mean_over_neighbors_and_never_beyond_them_at_the_beginning() -> None:
    course = steps(*[5.0, 1.0, 3.0, 1.0, 3.0, 1.0, 3.0, 1.0, 3.0, 1.0])
    _, y = course.curve(LOSS, (0.0, 1.0), 10, 0.1)
    assert y[0] == 5.0  # nothing lies before it
    assert y[2:9].tolist() == pytest.approx([5 / 3, 7 / 3] * 3 + [5 / 3])
    assert y[9] == pytest.approx(2.0)


@pytest.mark.parametrize("smoothing", [0.0, 0.06])
def test_a_level_course_stays_level(smoothing: float) -> None:
    for column, value in ((LOSS, 0.25), (SCORE, 0.125), (RATE, 0.01)):
        _, y = steps(*[0.25] * 50).curve(column, (0.0, 5.0), 140, smoothing)
        assert y == pytest.approx(value)


def test_what_is_no_number_is_left_out_and_infinity_stays_at_its_place() -> None:
    x, y = steps(1.0, math.nan, 1.0, math.inf).curve(LOSS, (0.0, 0.4), 4)
    assert x.tolist() == pytest.approx([0.05, 0.25, 0.35])
    assert y[:2].tolist() == [1.0, 1.0]
    assert y[2] > 1e200
    assert len(Course().curve(LOSS, (0.0, 1.0), 10, 0.06)[0]) == 0


def test_reports_are_drawn_over_the_steps_since_the_report_before(make_run: MakeRun) -> None:
    view = View().began(make_run())
    for one in (report(1, 20, 2.0), report(1, 50, 1.0), report(1, 50, None), report(2, 10, 0.5)):
        view = view.progressed(one, 0.0)
    assert view.course.stretches[:, :3].tolist() == [
        [0, 0.2, 2.0],
        [0.2, 0.5, 1.0],
        [1.0, 1.1, 0.5],
    ]


def test_of_an_epoch_without_a_report_its_mean_is_drawn(
    make_run: MakeRun, make_record: MakeRecord
) -> None:
    view = View().began(make_run()).progressed(report(1, 50, 2.0), 0.0)
    for epoch in (1, 2):
        view = view.epoch_ended(EpochEnd.of(make_record(epoch, 0.5), 1, None, NO_GALLERY))
    assert view.course.stretches[:, :3].tolist() == [[0, 0.5, 2.0], [1.0, 2.0, 0.5]]


def test_a_resumed_run_goes_on_where_it_was(make_run: MakeRun, make_record: MakeRecord) -> None:
    run = replace(make_run(), history=(make_record(1, 0.5),), begun_steps=30, steps_per_epoch=100)
    view = View().began(run).progressed(report(2, 40, 0.25), 0.0)
    expected = [[0.0, 1.0, 0.5], [1.3, 1.4, 0.25]]
    assert view.course.stretches[:, :3].tolist() == pytest.approx(np.array(expected))
    assert view.progressed(report(2, 90, 9.0), 0.0).began(run).course.end == 1.0
