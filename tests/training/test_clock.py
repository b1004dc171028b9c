"""The clock that stands still while a run is held."""

from __future__ import annotations

from gpunet.training.clock import WorkingClock


class Wall:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_goes_as_the_wall_clock_does_but_stands_still_while_it_is_stopped() -> None:
    wall = Wall()
    clock = WorkingClock(wall)
    assert clock() == 100
    with clock.stopped():
        wall.now = 120
        assert clock() == 100
    wall.now = 125
    assert clock() == 105


def test_of_stops_within_one_another_the_outermost_counts() -> None:
    wall = Wall()
    clock = WorkingClock(wall)
    with clock.stopped():
        wall.now = 110
        with clock.stopped():
            wall.now = 130
        wall.now = 131
        assert clock() == 100
    wall.now = 132
    assert clock() == 101


def test_it_goes_on_after_a_failure() -> None:
    wall = Wall()
    clock = WorkingClock(wall)
    try:
        with clock.stopped():
            wall.now = 110
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        wall.now = 111
    assert clock() == 101


def test_a_stop_that_comes_while_it_is_looked_at_does_not_count() -> None:
    class Interrupted(Wall):
        def __call__(self) -> float:
            seen, first = self.now, not interruptions
            if first:
                interruptions.append(self.now)
                with clock.stopped():
                    self.now += 50
                return self.now
            return seen

    interruptions: list[float] = []
    clock = WorkingClock(Interrupted())
    assert clock() == 100


def test_a_stop_within_another_neither_shortens_it_nor_counts_twice() -> None:
    wall = Wall()
    clock = WorkingClock(wall)
    for _ in range(2):
        with clock.stopped():
            wall.now += 10
            with clock.stopped():
                wall.now += 20
                assert clock() == 100
            wall.now += 1
    assert clock() == 100
    wall.now += 2
    assert clock() == 102
