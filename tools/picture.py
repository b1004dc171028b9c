"""Draws ``docs/dashboard.png``: the dashboard in the middle of a real run.

It trains on the best device found, as ``gpunet train --optimizer adam --hidden 16,16`` does, and
takes the frame that the terminal would show. Chromium turns it from SVG into PNG::

    python tools/picture.py --data mnist --output docs/dashboard.png
"""

from __future__ import annotations

import argparse
import io
import re
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console

from gpunet.config import TrainConfig
from gpunet.terminal.draw.style import theme
from gpunet.terminal.live.dashboard import Dashboard
from gpunet.terminal.views.dashboard import dashboard_frame
from gpunet.training.events import Callback, Control, Progress
from gpunet.workflows.messages import Messages
from gpunet.workflows.training import train_model

COLUMNS, ROWS = 110, 34

EPOCH, SHARE = 8, 0.6
"""When the picture is taken: so far into this epoch."""


class Photographer(Callback):
    """Takes the frame of a dashboard at the right moment, and ends the run."""

    def __init__(self, dashboard: Dashboard, control: Control) -> None:
        self.svg = ""
        self._dashboard, self._control = dashboard, control

    def on_progress(self, progress: Progress) -> None:
        """Take the picture if it is time."""
        if self.svg or (progress.epoch, progress.step) < (EPOCH, SHARE * progress.steps):
            return
        console = _recording_console()
        size = COLUMNS, ROWS
        view = self._dashboard.view
        console.print(dashboard_frame(console, view, self._control, size, view.heard_at, keys=True))
        self.svg = console.export_svg(title="gpunet train --optimizer adam --hidden 16,16")
        self._control.stop_now.set()


def main() -> None:
    """Train, take the picture, and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--output", type=Path, default=Path("docs/dashboard.png"))
    parser.add_argument("--chromium", default="chromium", help="the program that draws the PNG")
    arguments = parser.parse_args()
    write_png(take_picture(arguments.data), arguments.output, arguments.chromium)


def take_picture(data: str) -> str:
    """The frame of a run on some data, as SVG."""
    config = TrainConfig(optimizer="adam", hidden=(16, 16))
    messages = Messages()
    control = messages.control
    dashboard = Dashboard(_recording_console(), control, keys=io.StringIO())
    photographer = Photographer(dashboard, control)
    train_model(data, config, "auto", messages, callbacks=(dashboard, photographer))
    return photographer.svg


def write_png(svg: str, path: Path, chromium: str) -> None:
    """Draw an SVG in its own size."""
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert box is not None
    width, height = (round(float(side)) for side in box.groups())
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(
            f'<meta charset="utf-8"><style>body {{ margin: 0 }}</style>{svg}', encoding="utf-8"
        )
        subprocess.run(
            [
                chromium,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--default-background-color=00000000",
                f"--window-size={width},{height}",
                f"--screenshot={path.resolve()}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
        )


def _recording_console() -> Console:
    return Console(
        record=True,
        width=COLUMNS,
        height=ROWS,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
        theme=theme("dark"),
    )


if __name__ == "__main__":
    main()
