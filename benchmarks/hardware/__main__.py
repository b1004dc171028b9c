"""``python -m benchmarks.hardware`` in a checkout: the campaign, whatever the environment."""

import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(BENCHMARKS.parent / "src"), str(BENCHMARKS)]

from hardware.campaign import main  # noqa: E402 - found by the paths above

if __name__ == "__main__":
    sys.exit(main())
