from __future__ import annotations

import pytest

from gpunet.training.batches import epoch_order, steps_per_epoch


@pytest.mark.parametrize(
    ("samples", "batch_size", "steps"), [(10, 5, 2), (11, 5, 3), (4, 5, 1), (1, 1, 1)]
)
def test_an_epochs_steps_see_every_sample(samples: int, batch_size: int, steps: int) -> None:
    assert steps == steps_per_epoch(samples, batch_size)


def test_every_network_has_an_order_of_its_own_that_changes_with_the_epoch() -> None:
    order = epoch_order([3, 4], epoch=1, samples=50)
    assert order.shape == (2, 50)
    assert list(range(50)) == sorted(order[0].tolist())
    assert order[0].tolist() != order[1].tolist()
    assert order[0].tolist() != epoch_order([3], epoch=2, samples=50)[0].tolist()
    assert order[1].tolist() == epoch_order([4], epoch=1, samples=50)[0].tolist()


def test_one_seed_makes_one_order_that_takes_no_memory_for_each_network() -> None:
    order = epoch_order([3, 3, 3], epoch=2, samples=50)
    assert order.shape == (3, 50)
    assert order.strides[0] == 0
    assert epoch_order([3], 2, 50)[0].tolist() == order[2].tolist()
