from __future__ import annotations

from gpunet.training.stopping import EarlyStopping


def test_without_patience_it_never_ends() -> None:
    stopping = EarlyStopping(patience=0, min_delta=0)
    for epoch in range(1, 100):
        stopping.observe(epoch, 1.0)
    assert not stopping.exhausted
    assert stopping.patience_left is None
    assert 1 == stopping.best_epoch


def test_an_equal_loss_is_no_gain() -> None:
    stopping = EarlyStopping(patience=1, min_delta=0)
    assert stopping.observe(1, 1.0)
    assert not stopping.observe(2, 1.0)
    assert stopping.exhausted
    assert 1 == stopping.best_epoch
