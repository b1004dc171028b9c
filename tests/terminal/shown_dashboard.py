"""A process of its own that shows a dashboard on its terminal until it is told to stop."""

import fcntl
import os
import sys
import termios
import time

from gpunet.terminal.live.console import make_console, wants_dashboard
from gpunet.terminal.live.dashboard import Dashboard
from gpunet.training.events import Control

if os.getsid(0) == os.getpid():  # only a session's leader may have a terminal of its own
    fcntl.ioctl(sys.stdin, termios.TIOCSCTTY, 0)
size = {name: os.environ[name] for name in ("COLUMNS", "LINES") if name in os.environ}
console, control = make_console(environ={"TERM": "xterm", **size}), Control()
assert wants_dashboard(console, plain=False, environ={})
with Dashboard(console, control):
    while not control.stop_after_epoch.is_set() and not control.stop_now.is_set():
        time.sleep(0.01)
    time.sleep(1)
if control.signal is not None:
    sys.exit(128 + control.signal)
