"""What a page tells of an ensemble's members is what each of them answers in Python."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page
from tests.export.conftest import OpenModules
from tests.export.panels import open_panels, texts
from tests.export.told_pages import page_of

import gpunet
from gpunet.datasets.dataset import Dataset

SETTINGS: dict[str, Any] = {"hidden": (6,), "ensemble": 5, "device": "cpu", "verbose": False}

CLOSE = 2e-6
"""How far probabilities may be from Python's, which sums float32 numbers in another order."""

PLACES = """all => all.map(one => Number(one.style.getPropertyValue("--at")))"""


def opened(open_modules: OpenModules, html: str) -> Page:
    page = open_panels(open_modules, html, {"members": "createMembers"}, "rows")
    page.evaluate("app.show(testSample(app.page, 3))")
    return page


@cache
def exported(kind: str) -> tuple[gpunet.Model, np.ndarray[Any, Any], str]:
    """A model of a table, a test row, and the page's text."""
    draw = np.random.default_rng(2)
    rows = draw.normal(size=(200, 3))
    labels: Any = rows.argmax(axis=1) if kind == "classes" else 40 + 7 * rows[:, 0]
    data = Dataset.from_arrays(rows[:100], labels[:100], rows[100:], labels[100:])
    model = gpunet.train(data, epochs=2, **SETTINGS).model
    return model, rows[103], page_of(model, data)


def members(model: gpunet.Model) -> list[gpunet.Model]:
    """Each network as a model of its own."""
    return [
        replace(model, parameters=model.parameters[at : at + 1])
        for at in range(len(model.parameters))
    ]


def test_the_mean_and_the_members_are_pythons(open_modules: OpenModules) -> None:
    model, row, html = exported("classes")
    page = opened(open_modules, html)
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


def test_measured_targets_have_a_deviation_in_their_own_units(open_modules: OpenModules) -> None:
    model, row, html = exported("measured")
    page = opened(open_modules, html)
    own = np.array([one.predict(row[None])[0] for one in members(model)])
    mean, deviation = texts(page, ".member-value")[0].split(" ± ")
    assert float(mean) == pytest.approx(own.mean(), rel=1e-3)  # four digits
    assert float(deviation) == pytest.approx(own.std(), rel=1e-3)
    dots = np.array(page.eval_on_selector_all(".member-dot", PLACES))
    assert dots.argsort().tolist() == own.argsort().tolist()


def test_one_network_in_their_place_has_no_members(open_modules: OpenModules) -> None:
    model, _, html = exported("classes")
    page = opened(open_modules, html)
    count = model.network.parameter_count
    page.evaluate(f"app.replace(app.networks.shape, app.networks.parameters.slice(0, {count}), 1)")
    assert page.locator("#members").is_hidden()


def test_a_blank_sample_has_no_answers(open_modules: OpenModules) -> None:
    _, _, html = exported("classes")
    page = opened(open_modules, html)
    page.evaluate("app.show({...app.sample, blank: true})")
    assert texts(page, ".members-agreement") == ["Nothing is drawn yet."]
    assert texts(page, ".member-value") == ["\u2013"] * 3
    assert page.locator(".member-dot").count() == 0
