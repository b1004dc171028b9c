import pytest

from gpunet.terminal.views.ending import ending
from gpunet.training.events import StopReason


@pytest.mark.parametrize(
    ("reason", "best", "last", "words"),
    [
        ("epochs", 28, 30, "all epochs done; the weights of epoch 28 are kept"),
        ("early stopping", 7, 12, "early stopping; the weights of epoch 7 are kept"),
        ("stopped by user", 2, 3, "stopped by user; the weights of epoch 2 are kept"),
        (
            "stopped by user",
            0,
            0,
            "stopped by user before an epoch was done; no weights are kept",
        ),
        (
            "diverged",
            4,
            5,
            "diverged: no finite loss in epoch 5; the weights of epoch 4 are kept",
        ),
        (
            "diverged",
            0,
            1,
            "diverged: no finite loss in epoch 1; no weights are kept",
        ),
    ],
)
def test_an_ending_tells_why_and_which_weights_are_kept(
    reason: StopReason, best: int, last: int, words: str
) -> None:
    assert words == ending(reason, best, last)
