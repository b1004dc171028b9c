"""What a page tells of an ensemble's members is what each of them answers in Python."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page
from tests.export.conftest import OpenModules
from tests.export.panels import open_panels, texts

import gpunet
from gpunet.datasets.dataset import Dataset

SETTINGS: dict[str, Any] = {"hidden": (6,), "ensemble": 5, "device": "cpu", "verbose": False}

CLOSE = 2e-6
"""How far probabilities may be from Python's, which sums float32 numbers in another order."""

PLACES = """all => all.map(one => Number(one.style.getPropertyValue("--at")))"""


def opened(open_modules: OpenModules, path: Path) -> Page:
    page = open_panels(open_modules, path, {"members": "createMembers"}, "rows")
    page.evaluate("app.show(testSample(app.page, 3))")
    return page


def exported(folder: Path, kind: str) -> tuple[gpunet.Model, np.ndarray[Any, Any], Path]:
    """A model of a table, a test row, and the page."""
    draw = np.random.default_rng(2)
    rows = draw.normal(size=(200, 3))
    labels: Any = rows.argmax(axis=1) if kind == "classes" else 40 + 7 * rows[:, 0]
    data = Dataset.from_arrays(rows[:100], labels[:100], rows[100:], labels[100:])
    model = gpunet.train(data, epochs=2, **SETTINGS).model
    path = folder / "page.html"
    model.export(path, data=data)
    return model, rows[103], path


def members(model: gpunet.Model) -> list[gpunet.Model]:
    """Each network as a model of its own."""
    return [
        replace(model, parameters=model.parameters[at : at + 1])
        for at in range(len(model.parameters))
    ]


def test_the_mean_and_the_members_are_pythons(tmp_path: Path, open_modules: OpenModules) -> None:
    model, row, path = exported(tmp_path, "classes")
    page = opened(open_modules, path)
    own = np.stack([one.predict_proba(row[None])[0] for one in members(model)])  # (P, C)
    assert (
        np.abs(np.array(page.evaluate("app.answer.members.map(one => [...one])")) - own).max()
        < CLOSE
    )
    mean = model.predict_proba(row[None])[0]
    assert np.abs(np.array(page.evaluate("[...app.answer.outputs]")) - mean).max() < CLOSE
    dots = np.array(page.eval_on_selector_all(".member-dot", PLACES)).reshape(3, 5)
    assert np.abs(dots.T - own).max() < CLOSE
    assert texts(page, ".member-value") == [f"{100 * share:.1f} %" for share in mean]
    votes = np.bincount(own.argmax(axis=1), minlength=3)
    first = int(votes.argmax())
    (told,) = texts(page, ".members-agreement")
    assert told.startswith(
        f"All 5 members answer {first}."
        if votes[first] == 5
        else f"{votes[first]} of 5 members answer {first},"
    )


def test_measured_targets_have_a_deviation_in_their_own_units(
    tmp_path: Path, open_modules: OpenModules
) -> None:
    model, row, path = exported(tmp_path, "measured")
    page = opened(open_modules, path)
    own = np.array([one.predict(row[None])[0] for one in members(model)])
    mean, deviation = texts(page, ".member-value")[0].split(" ± ")
    assert float(mean) == pytest.approx(own.mean(), rel=1e-3)  # four digits
    assert float(deviation) == pytest.approx(own.std(), rel=1e-3)
    dots = np.array(page.eval_on_selector_all(".member-dot", PLACES))
    assert dots.argsort().tolist() == own.argsort().tolist()


def test_one_network_in_their_place_has_no_members(
    tmp_path: Path, open_modules: OpenModules
) -> None:
    model, _, path = exported(tmp_path, "classes")
    page = opened(open_modules, path)
    count = model.network.parameter_count
    page.evaluate(f"app.replace(app.networks.shape, app.networks.parameters.slice(0, {count}), 1)")
    assert page.locator("#members").is_hidden()


def test_a_blank_sample_has_no_answers(tmp_path: Path, open_modules: OpenModules) -> None:
    _, _, path = exported(tmp_path, "classes")
    page = opened(open_modules, path)
    page.evaluate("app.show({...app.sample, blank: true})")
    assert texts(page, ".members-agreement") == ["Nothing is drawn yet."]
    assert texts(page, ".member-value") == ["\u2013"] * 3
    assert page.locator(".member-dot").count() == 0
