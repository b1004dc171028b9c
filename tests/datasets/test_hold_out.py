from __future__ import annotations

import numpy as np
import pytest

from gpunet.datasets.dataset import Samples
from gpunet.datasets.hold_out import held_count, hold_out, split_last, spread_classes
from gpunet.datasets.source import Source
from gpunet.errors import UsageError


def samples_of(labels: list[int]) -> Samples:
    rows = np.arange(len(labels), dtype=np.float32)[:, None]  # (n, 1) each sample's own number
    return Samples(rows, np.array(labels, np.int32))


def mixed(count: int) -> Samples:
    return samples_of([row % 3 for row in range(count)])


def rows_of(samples: Samples | Source) -> list[int]:
    return [int(number) for number in samples[:].features[:, 0]]


def test_a_count_holds_out_the_last_samples() -> None:
    train, held = hold_out(mixed(10), 3, shuffle=False, seed=0)
    assert rows_of(train) == [0, 1, 2, 3, 4, 5, 6]
    assert rows_of(held) == [7, 8, 9]
    assert held.labels.tolist() == [1, 2, 0]


@pytest.mark.parametrize(("fraction", "count"), [(0.25, 3), (0.5, 6), (0.01, 1), (0.9, 11)])
def test_a_fraction_below_one_holds_out_that_part_and_at_least_one_sample(
    fraction: float, count: int
) -> None:
    train, held = hold_out(mixed(12), fraction, shuffle=False, seed=0)
    assert (12 - count, count) == (len(train), len(held))


def test_zero_holds_out_nothing() -> None:
    train, held = hold_out(mixed(10), 0, shuffle=False, seed=0)
    assert (len(train), len(held)) == (10, 0)


def test_one_is_a_count_and_no_fraction() -> None:
    _, held = hold_out(mixed(10), 1, shuffle=False, seed=0)
    assert rows_of(held) == [9]


def test_a_count_above_half_of_the_samples_becomes_a_sixth_of_them() -> None:
    train, held = hold_out(mixed(150), 5000, shuffle=False, seed=0)
    assert (len(train), len(held)) == (125, 25)


def test_a_count_of_half_of_the_samples_stays_as_it_is() -> None:
    train, held = hold_out(mixed(10), 5, shuffle=False, seed=0)
    assert (len(train), len(held)) == (5, 5)


def test_two_samples_still_give_one_to_each_part() -> None:
    train, held = hold_out(mixed(2), 5000, shuffle=False, seed=0)
    assert (len(train), len(held)) == (1, 1)


def test_a_shuffled_split_keeps_every_sample_once_and_depends_on_the_seed_alone() -> None:
    train, held = hold_out(mixed(100), 20, shuffle=True, seed=7)
    again_train, again_held = hold_out(mixed(100), 20, shuffle=True, seed=7)
    _, other_held = hold_out(mixed(100), 20, shuffle=True, seed=8)
    assert list(range(100)) == sorted(rows_of(train) + rows_of(held))
    assert list(range(80, 100)) != rows_of(held)
    assert (rows_of(again_train), rows_of(again_held)) == (rows_of(train), rows_of(held))
    assert rows_of(other_held) != rows_of(held)


def test_samples_sorted_by_class_give_the_last_part_of_every_class() -> None:
    train, held = hold_out(samples_of([0] * 6 + [1] * 12 + [2] * 6), 4, shuffle=False, seed=0)
    assert rows_of(held) == [5, 16, 17, 23]
    assert sorted(set(range(24)) - {5, 16, 17, 23}) == rows_of(train)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(("count", "validation"), [(1, 5000), (1, 0.5), (3, 0.99), (0, 5000)])
def test_a_split_that_leaves_nothing_to_train_on_is_refused(
    count: int, validation: float, shuffle: bool
) -> None:
    with pytest.raises(UsageError, match="leaves none to train on"):
        hold_out(mixed(count), validation, shuffle=shuffle, seed=0)


@pytest.mark.parametrize(
    ("labels", "count", "held"),
    [
        ([0, 0, 0, 1, 1, 1], 2, [2, 5]),  # sorted
        ([1, 0, 0, 1, 1, 1], 2, [2, 5]),  # nearly sorted: the last two hold one class of two
        ([0, 1] * 5 + [2, 2], 2, [8, 9]),  # the last class would never be trained on
        ([0, 1, 0, 1, 0, 2], 1, [4]),  # a class of one sample is trained on
        ([0, 0, 0, 1, 0, 1], 2, [4, 5]),  # both parts hold both classes
        ([0, 1, 2, 0, 1, 2, 0, 1], 2, [6, 7]),  # two classes of three are no cause for change
        ([0, 1, 2, 3], 1, [3]),  # each class once: no choice is better
        ([0, 0, 1, 1], 0, []),
    ],
)
def test_the_last_samples_are_split_off_unless_their_classes_would_be_missed(
    labels: list[int], count: int, held: list[int]
) -> None:
    samples = samples_of(labels)
    rest, last, by_class = split_last(samples, count)
    assert held == rows_of(last)
    assert sorted(set(range(len(labels))) - set(held)) == rows_of(rest)
    assert by_class is (held != list(range(len(labels) - count, len(labels))))


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_no_class_is_left_out_of_the_training(shuffle: bool, seed: int) -> None:
    draws = np.random.default_rng(seed)
    rare = np.repeat(np.arange(5), [2, 1, 3, 2, 5])
    labels = np.concatenate([draws.permutation(np.repeat([5, 6], 40)), rare])
    train, held = hold_out(samples_of(labels.tolist()), 0.4, shuffle=shuffle, seed=seed)
    assert list(range(7)) == np.unique(train.labels).tolist()
    assert list(range(len(labels))) == sorted(rows_of(train) + rows_of(held))


def test_a_small_class_gets_its_share_of_the_last_sixth() -> None:
    labels = [0] * 5 + [1] * 55 + [2] * 60
    _, last, by_class = split_last(samples_of(labels), 20)
    assert by_class
    assert np.bincount(last.labels).tolist() == [1, 9, 10]
    assert rows_of(last)[0] == 4


def test_spreading_classes_deals_them_out_evenly_and_in_order() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1], np.int32)
    order = spread_classes(labels)
    assert sorted(labels[order[:3]].tolist()) == [0, 0, 1]
    assert [row for row in order.tolist() if row < 4] == [0, 1, 2, 3]
    assert [row for row in order.tolist() if row >= 4] == [4, 5]


@pytest.mark.parametrize(
    ("samples", "validation", "expected"),
    [
        (100, 0, 0),
        (100, 1, 1),
        (100, 50, 50),
        (100, 51, 16),
        (100, 0.5, 50),
        (100, 0.994, 99),
        (100, 0.001, 1),
        (60_000, 5000, 5000),
        (5, 5000, 1),
        (9_999, 5000, 1666),
        (10_000, 5000, 5000),
    ],
)
def test_so_many_samples_are_held_out(samples: int, validation: float, expected: int) -> None:
    assert held_count(samples, validation) == expected
