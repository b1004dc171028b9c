"""The epochs of a run as a view keeps them while they grow."""

from __future__ import annotations

from collections import UserList
from collections.abc import Sequence
from typing import Any
from unittest.mock import PropertyMock, patch

from tests.terminal.conftest import record as make_record

from gpunet.terminal.views.records import figures_of, grown, record_of
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


def test_of_records_that_grow_only_the_new_ones_are_looked_at() -> None:
    records: Sequence[EpochRecord] = ()
    for epoch in range(1, 5):
        records = grown(records, make_record(epoch))
    assert figures_of(records)[:, 0].tolist() == [1, 2, 3, 4]
    latest = grown(records, make_record(5))
    with patch.object(
        EpochRecord, "val_score", new_callable=PropertyMock, return_value=0.5
    ) as read:
        assert figures_of(latest)[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert read.call_count < 5
    assert figures_of(records)[:, 0].tolist() == [1, 2, 3, 4]


def test_an_epoch_is_found_among_a_million_in_a_few_looks() -> None:
    looked = []

    class Watched(UserList[EpochRecord]):
        def __len__(self) -> int:
            return 1_000_000

        def __getitem__(self, at: Any) -> Any:
            looked.append(at)
            return make_record(3 + at)

    found = record_of(Watched(), 700_000)
    assert found is not None
    assert found.epoch == 700_000
    assert len(looked) < 30
    assert record_of(Watched(), 2) is None
    assert record_of(Watched(), 1_000_003) is None
