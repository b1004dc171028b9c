"""``gpunet replay``: play a run again, in the terminal or as an animated picture."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gpunet.cli import options
from gpunet.cli.exits import leave_if_signaled
from gpunet.errors import UsageError

if TYPE_CHECKING:
    from gpunet.terminal.record.replay import Shown, Told

__all__ = ["replay"]

SIZE = "100x30"
MOMENTS = 500
"""Most moments of a run that a replay in the terminal shows."""

LONGEST = 600
"""Most seconds that a replay may take."""


def _picture(kind: str, what: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        metavar=f"FILE.{kind}", help=f"Write {what}.", rich_help_panel=options.OUTPUT
    )
    return option


def replay(
    run: options.RunArgument = None,
    seconds: Annotated[
        float | None,
        typer.Option(min=0.5, max=LONGEST, help="Play the run in so many seconds; 10 by default."),
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(min=0.01, max=1e6, help="Play it so many times as fast as it was trained."),
    ] = None,
    svg: Annotated[Path | None, _picture("svg", "an SVG that moves, as a README shows it")] = None,
    gif: Annotated[Path | None, _picture("gif", "a GIF")] = None,
    cast: Annotated[Path | None, _picture("cast", "an asciicast, which asciinema plays")] = None,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMNSxROWS",
            help=f"The size of the screen in a file; {SIZE} by default.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    screen: Annotated[
        Literal["curves", "network"],
        typer.Option(
            help="Show the curves of the run, or the network itself.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = "curves",
    force: options.Force = False,
    plain: options.Plain = False,
) -> None:
    """Play a run again from its log, the newest run unless one is named.

    In the terminal the space bar holds, the arrows go back and forth, n shows the network itself,
    and q ends. With --svg, --gif
    or --cast the dashboard is written into files instead.

    Examples:
        gpunet replay
        gpunet replay deep --seconds 20
        gpunet replay deep --svg deep.svg --gif deep.gif --size 110x34
    """
    from gpunet.artifacts.kept_runs import find_run
    from gpunet.terminal.record.replay import read_run, require_shown

    if seconds is not None and speed is not None:
        raise UsageError("--seconds and --speed both say how fast it is played; give one of them")
    files = {kind: path for kind, path in (("svg", svg), ("gif", gif), ("cast", cast)) if path}
    for kind, path in files.items():
        if path.suffix.lower() != f".{kind}":
            raise UsageError(f"--{kind} {path} is no name for that; let it end in .{kind}")
    if size is not None and not files:
        raise UsageError("--size is for files: give --svg, --gif or --cast, too")
    shape = _shape(size or SIZE)
    told = read_run(find_run(run).metrics)
    length = seconds or (10.0 if speed is None else min(LONGEST, max(0.5, told.seconds / speed)))
    require_shown(told, screen)
    if files:
        _write(told, files, shape, length, screen, force=force)
    else:
        _play(told, length, screen, plain=plain)


def _shape(size: str) -> tuple[int, int]:
    """Parse columns and rows, such as ``110x34``.

    Raises:
        UsageError: ``size`` is not of this form, or too small or too large.
    """
    from gpunet.terminal.record.replay import require_size

    found = re.fullmatch(r"([0-9]{1,9})[xX]([0-9]{1,9})", size)
    if found is None:
        raise UsageError(f"--size is {size!r}, wanted columns and rows as in {SIZE}")
    shape = int(found[1]), int(found[2])
    require_size(shape)
    return shape


def _write(
    told: Told,
    files: dict[str, Path],
    size: tuple[int, int],
    seconds: float,
    screen: Shown,
    *,
    force: bool,
) -> None:
    from gpunet.cli.saving import written_to
    from gpunet.files.output import require_writable, write_atomically
    from gpunet.terminal.draw.formats import size as written_size
    from gpunet.terminal.live.console import make_console, preferred_theme
    from gpunet.terminal.record.files import FORMATS
    from gpunet.terminal.record.replay import recorded

    for path in files.values():
        require_writable(path)
    console, recording = make_console(), recorded(told, size, seconds, screen=screen)
    for kind, wanted in files.items():
        with console.status(f"drawing the {kind}", spinner="line"):
            content = FORMATS[kind](recording, preferred_theme())
        write = partial(write_atomically, content=content)
        place = written_to(write, wanted, force=force)
        console.print(f"{kind}: {place} ({written_size(len(content))})", soft_wrap=True)


def _play(told: Told, seconds: float, screen: Shown, *, plain: bool) -> None:
    from gpunet.terminal.live.console import make_console, wants_dashboard
    from gpunet.terminal.live.plain import PlainPrinter
    from gpunet.terminal.live.player import Player
    from gpunet.terminal.record.replay import moments, retell
    from gpunet.training.events import Control

    console = make_console(plain=plain)
    if not wants_dashboard(console, plain):
        printer = PlainPrinter(console)
        for _, event in told.events:
            retell(event, printer)
        return
    control = Control()
    with Player(console, control, moments(told, MOMENTS), seconds, screen=screen) as player:
        player.play()
    leave_if_signaled(control)
    console.print(player.closing_view())
