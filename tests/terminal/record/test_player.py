import io
import threading
import time
from collections.abc import Callable

import pytest
from rich.console import Console

from gpunet.artifacts.metrics_reader import Event
from gpunet.terminal.live import player as module
from gpunet.terminal.live.player import Player
from gpunet.terminal.record.replay import Told, moments
from gpunet.training.events import Control, RunInfo

MakePlayer = Callable[..., Player]

SECONDS = 30


@pytest.fixture
def make_player(
    make_text_console: Callable[..., Console],
    events: tuple[tuple[float, Event], ...],
    monkeypatch: pytest.MonkeyPatch,
) -> MakePlayer:
    """A player of a run of 16 seconds in 0.2 s, or other ones, that holds its end for as long."""
    run = events[0][1]
    assert isinstance(run, RunInfo)
    monkeypatch.setattr(module, "HOLD", 0.05)
    monkeypatch.setattr(module, "LOOK", 0.005)

    def make(seconds: float = 0.2) -> Player:
        console = make_text_console(80, 24, colors="truecolor")
        told = Told(events, run)
        return Player(console, Control(), moments(told, 101), seconds, keys=io.StringIO())

    return make


def lines(player: Player, keys: bool = True) -> list[str]:
    block = player.frame((80, 24), 0.0, keys)
    return ["".join(segment.text for segment in line).rstrip() for line in block.lines]


def test_it_plays_to_the_end_and_leaves_the_curves(make_player: MakePlayer) -> None:
    player = make_player()
    assert "epoch  1/30" in lines(player)[2]
    began = time.monotonic()
    with player:
        player.play()
    assert time.monotonic() - began >= 0.2
    assert player.view == 1.0
    assert "finished" in lines(player)[2]
    assert "784-16-16-10" in player.closing_view().lines[0][0].text


def test_it_tells_where_it_is_and_what_keys_do(make_player: MakePlayer) -> None:
    player = make_player(10.0)
    player.show(0.25)
    last = lines(player)[-1]
    assert last.startswith("replay ━━━━━─────────────── 2.5 of 10 s   q end   space hold")
    assert lines(player, keys=False)[-1].endswith("10 s   Ctrl-C end")
    player.pressed(" ")
    assert lines(player)[-1].startswith("paused")
    assert "space go on" in lines(player)[-1]


def test_keys_lead_through_the_run(make_player: MakePlayer) -> None:
    player = make_player(100.0)
    player.pressed(" ")
    wanted = {("end",): 1.0, ("left",) * 4: 0.8, ("home", "left"): 0.0, ("right",) * 2: 0.1}
    reached = []

    def type_keys() -> None:
        for keys, share in wanted.items():
            for key in keys:
                player.pressed(key)
            deadline = time.monotonic() + SECONDS
            while player.view != pytest.approx(share) and time.monotonic() < deadline:
                time.sleep(0.005)
            reached.append(pytest.approx(player.view))
        player.pressed("q")

    typist = threading.Thread(target=type_keys)
    with player:
        typist.start()
        player.play()
    typist.join()
    assert list(wanted.values()) == reached


def test_other_keys_change_what_is_seen_of_every_moment(make_player: MakePlayer) -> None:
    player = make_player()
    linear = lines(player)
    player.show(1.0)
    ended = lines(player)
    player.pressed("L")
    assert lines(player) != ended
    assert any("loss, log" in line for line in lines(player))
    player.show(0.0)
    player.pressed("l")
    assert lines(player) == linear


def test_the_network_is_shown_and_what_a_log_cannot_show_is_told(make_player: MakePlayer) -> None:
    player = make_player()
    curves = lines(player)
    player.pressed("?")  # whose list tells of a run under way
    assert lines(player) == curves
    player.pressed("n")
    assert any("looking into the network" in line for line in lines(player))
    player.pressed("d")
    assert any(
        "only the run's own terminal can draw; `gpunet draw`" in one for one in lines(player)
    )
    player.pressed("escape")
    assert lines(player) == curves


def test_ctrl_c_ends_it(make_player: MakePlayer) -> None:
    player = make_player(100.0)
    with player:
        threading.Timer(0.05, player._control.stop_now.set).start()
        player.play()
    assert player.view < 0.5
