from __future__ import annotations

import time

import numpy as np
import pytest

from gpunet.datasets.pieces import find_pieces, joined, run_lengths


def mask_of(text: str) -> np.ndarray:
    return np.array([[mark == "#" for mark in row] for row in text.split()])


def test_pieces_are_what_sides_and_corners_connect() -> None:
    pieces = find_pieces(mask_of("##..# .#..# #...# ...#. #...."))
    order = np.argsort(pieces.area)
    assert pieces.area[order].tolist() == [1, 4, 4]
    assert (pieces.top[order[0]], pieces.bottom[order[0]]) == (4, 5)
    assert {(0, 2), (3, 5)} == {
        (int(pieces.left[row]), int(pieces.right[row])) for row in order[1:]
    }


def test_contact_counts_the_pixels_on_the_border() -> None:
    pieces = find_pieces(mask_of("###.. ..#.. ..... ...#. ....."))
    assert pieces.contact[np.argsort(-pieces.area)].tolist() == [3, 0]


def test_a_spiral_is_one_piece_and_rows_do_not_run_on_into_the_next() -> None:
    spiral = mask_of("####### ......# #####.# #...#.# #.#.#.# #.###.# #.....# #######")
    assert [spiral.sum()] == find_pieces(spiral).area.tolist()
    assert len(find_pieces(mask_of("..# ... #..")).area) == 2
    assert len(find_pieces(mask_of("..# #..")).area) == 2


def test_chosen_pieces_are_drawn_again() -> None:
    mask = np.random.default_rng(0).random((40, 50)) < 0.4
    pieces = find_pieces(mask)
    assert np.array_equal(mask, pieces.drawn(np.ones(len(pieces.area), np.bool_)))
    largest = pieces.drawn(np.arange(len(pieces.area)) == pieces.area.argmax())
    assert pieces.area.max() == largest.sum()
    assert not (largest & ~mask).any()


def test_a_mask_without_pixels_has_no_pieces() -> None:
    assert len(find_pieces(np.zeros((3, 4), np.bool_)).area) == 0


def test_things_in_a_chain_are_joined_whatever_their_order() -> None:
    order = np.random.default_rng(1).permutation(10_000)
    assert {0} == set(joined(10_000, order[:-1], order[1:]).tolist())


def test_run_lengths_are_of_each_row() -> None:
    assert run_lengths(mask_of("##.# .###")).tolist() == [[2, 2, 0, 1], [0, 3, 3, 3]]


@pytest.mark.parametrize("share", [0.1, 0.4, 0.6])
def test_noise_of_a_million_pixels_ends_quickly(share: float) -> None:
    mask = np.random.default_rng(2).random((1024, 1024)) < share
    began = time.process_time()
    assert mask.sum() == find_pieces(mask).area.sum()
    assert time.process_time() - began < 20
