"""The epochs of a run as a view keeps them while they grow."""

from __future__ import annotations

from collections.abc import Sequence

from tests.terminal.conftest import record as make_record

from gpunet.terminal.views.records import grown
from gpunet.training.events import EpochRecord


def test_records_that_grow_are_neither_copied_nor_changed_for_whoever_holds_them() -> None:
    before: Sequence[EpochRecord] = (make_record(1),)
    states = [before := grown(before, make_record(epoch)) for epoch in (2, 3, 4)]
    assert [[one.epoch for one in state] for state in states] == [[1, 2], [1, 2, 3], [1, 2, 3, 4]]
    assert states[0][-1].epoch == 2
    assert [one.epoch for one in states[1][-2:]] == [2, 3]
    assert len({id(state.shared) for state in states}) == 1  # type: ignore[attr-defined]


def test_records_may_grow_from_one_state_twice() -> None:
    one = grown((make_record(1),), make_record(2))
    first, second = grown(one, make_record(3)), grown(one, make_record(4))
    assert first == (make_record(1), make_record(2), make_record(3))
    assert second == (make_record(1), make_record(2), make_record(4))
