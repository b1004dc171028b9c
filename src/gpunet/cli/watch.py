"""``gpunet watch``: follow runs from another terminal, or any machine that sees their folders."""

from __future__ import annotations

from gpunet.cli import options
from gpunet.cli.exits import leave_if_signaled

__all__ = ["watch"]


def watch(
    runs: options.RunArguments = None,
    plain: options.Plain = False,
) -> None:
    """Watch runs that other processes train, one or several in one picture.

    Nothing is done to the runs: q leaves them as they are. Without a terminal each epoch is a line.

    Examples:
        gpunet watch
        gpunet watch deep wide
        gpunet watch /mnt/shared/runs/deep --plain
    """
    from gpunet.artifacts.kept_runs import find_run
    from gpunet.terminal.live.console import make_console, wants_dashboard
    from gpunet.terminal.live.followed_run import FollowedRun
    from gpunet.terminal.live.watcher import Watcher, watch_in_lines
    from gpunet.training.events import Control

    control = Control()
    found = [find_run(name) for name in runs] if runs else [find_run()]
    folders = {run.path.resolve(): run for run in found}
    names = [path.name for path in folders]
    followed = [
        FollowedRun(run, path.name if names.count(path.name) == 1 else str(path), control.clock)
        for path, run in folders.items()
    ]
    console = make_console(plain=plain)
    if not wants_dashboard(console, plain):
        watch_in_lines(console, control, followed)
        return
    for run in followed:
        run.look()  # reports a damaged log before a screen opens
    with Watcher(console, control, followed) as watcher:
        watcher.watch()
    leave_if_signaled(control)
    console.print(watcher.closing_view())
