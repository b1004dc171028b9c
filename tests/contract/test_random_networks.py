from __future__ import annotations

import pytest
from tests.contract.random_networks import Case, Findings, Shape, check, run

from gpunet.engine.wgpu.adapters import Adapter


def test_random_networks_train_as_numpy_does(adapter: Adapter) -> None:
    found = run(adapter, range(9), cases=8, largest=60)
    assert found.cases == 72
    assert found.misses == []
    assert found.undecided <= 2
    assert {"the layered plan", "the persistent plan"} <= set(found.largest)


def test_a_kernel_that_is_wrong_in_the_fifth_digit_is_a_miss(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case.draw(Shape.draw(5, 60), 0, 1)
    rates = case.rate
    found = Findings()
    train = Case.train

    def slightly_faster(self: Case, engine: object, changed: int | None = None) -> object:
        self.rate = rates * (1 + 1e-3) if type(engine).__name__ == "WgpuEngine" else rates
        return train(self, engine, changed)  # type: ignore[arg-type]

    monkeypatch.setattr(Case, "train", slightly_faster)
    check(case, adapter, found)
    assert len(found.misses) == 1
