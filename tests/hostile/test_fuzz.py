"""The short form of the fuzzing; ``fuzz`` itself says how to run the long one."""

import subprocess
import sys
from pathlib import Path

FUZZ = Path(__file__).with_name("fuzz.py")


def test_damaged_input_is_read_as_sound_or_refused_in_one_sentence() -> None:
    done = subprocess.run(
        [sys.executable, FUZZ, "--rounds", "12"], capture_output=True, text=True, check=False
    )
    assert (done.stderr, done.returncode) == ("", 0), done.stdout
    assert done.stdout.startswith("228 inputs, ")
