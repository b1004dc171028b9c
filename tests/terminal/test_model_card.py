from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from gpunet.config import TrainConfig
from gpunet.datasets.framing import Framing
from gpunet.datasets.origin import Origin
from gpunet.datasets.scaling import Scaling
from gpunet.model import Model, Scores
from gpunet.parameters import initial_parameters
from gpunet.terminal.views.model_card import model_card, settings_in_use

MakeConsole = Callable[..., Console]


def a_model(population: int = 1, source: str = "made for a test", **settings: Any) -> Model:
    config = TrainConfig(hidden=(20,), **settings)
    network = config.network(inputs=64, outputs=3)
    return Model(
        network=network,
        parameters=initial_parameters(network, "auto", range(population)),
        config=config,
        classes=("a", "b", "c"),
        image_shape=(8, 8),
        scaling=None,
        origin=Origin("shapes", "shapes", "0123456789abcdef", source),
        best_epoch=4,
        test=Scores(0.25, 0.915),
    )


def shown(console: Console, model: Model) -> list[str]:
    model_card(console, model, 6000)
    lines: list[str] = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    return lines


def in_use(names: Sequence[str], **settings: Any) -> dict[str, str]:
    return dict(settings_in_use(a_model(**settings), names))


def test_every_layer_is_told_with_its_share_of_the_parameters(
    make_text_console: MakeConsole,
) -> None:
    lines = shown(make_text_console(), a_model())
    assert lines[2].split()[:9] == ["hidden", "1", "64", "→", "20", "relu", "1,300", "95.38", "%"]
    assert lines[3].split()[:8] == ["output", "20", "→", "3", "softmax", "63", "4.62", "%"]


def test_the_size_is_told_in_parameters_and_in_bytes(make_text_console: MakeConsole) -> None:
    text = " ".join(" ".join(shown(make_text_console(), a_model(population=3))).split())
    for words in ("networks 3", "parameters 1,363", "as float32 16.0 KiB", "file 5.86 KiB"):
        assert words in text


def test_the_figures_of_the_test_set_are_told(make_text_console: MakeConsole) -> None:
    text = " ".join(" ".join(shown(make_text_console(), a_model())).split())
    for words in ("accuracy 91.50 %", "loss 0.2500", "best epoch 4"):
        assert words in text


def test_a_panel_in_which_all_is_off_is_left_out(make_text_console: MakeConsole) -> None:
    assert not any("Regularization" in line for line in shown(make_text_console(), a_model()))
    lines = shown(make_text_console(), a_model(dropout=0.25))
    place = next(index for index, line in enumerate(lines) if "Regularization" in line)
    assert "dropout  0.25" in lines[place + 1]


def test_settings_that_are_off_or_told_elsewhere_are_left_out() -> None:
    names = ["hidden", "activation", "dropout", "patience", "shuffle_split", "batch_size"]
    assert in_use(names, patience=0) == {"batch size": "64"}


def test_how_many_samples_were_to_be_held_out_is_told_as_a_setting_since_few_have_fewer() -> None:
    assert in_use(["validation"]) == {"validation": "5,000 (the setting)"}


def test_a_seed_of_zero_is_a_seed() -> None:
    assert in_use(["seed"]) == {"seed": "0"}


def test_defaults_of_the_optimizer_are_told_as_values() -> None:
    assert in_use(["learning_rate"]) == {"learning rate": "0.005"}
    assert in_use(["learning_rate"], learning_rate=0.1) == {"learning rate": "0.1"}


def test_what_the_optimizer_makes_no_use_of_is_left_out() -> None:
    names = ["momentum", "beta1", "beta2", "epsilon"]
    assert in_use(names, optimizer="sgd", momentum=0.9) == {"momentum": "0.9"}
    assert {"beta1", "beta2", "epsilon"} == set(in_use(names, optimizer="adam", momentum=0.9))


def test_what_the_schedule_makes_no_use_of_is_left_out() -> None:
    names = ["schedule", "lr_decay", "lr_decay_every", "restart_lr", "start_from_epoch"]
    assert in_use(names, schedule="cosine") == {"schedule": "cosine"}
    assert {"schedule", "lr decay", "lr decay every"} == set(in_use(names, schedule="step"))
    assert in_use(names, restart_every=2, restart_lr=0.01)["restart lr"] == "0.01"


def test_the_slope_of_leaky_relu_is_told_of_leaky_relu_only() -> None:
    assert in_use(["leaky_slope"]) == {}
    assert in_use(["leaky_slope"], activation="leaky_relu", leaky_slope=0.2) == {
        "leaky slope": "0.2"
    }


def test_standardizing_is_told_where_there_was_something_to_standardize() -> None:
    model = a_model()
    assert settings_in_use(model, ["standardize"]) == []
    scaling = Scaling(np.zeros(64, np.float32), np.ones(64, np.float32))
    values = {name: getattr(model, name) for name in Model.__dataclass_fields__}
    scaled = Model(**{**values, "scaling": scaling})
    assert settings_in_use(scaled, ["standardize"]) == [("standardize", "yes")]


def test_what_is_done_to_pixels_is_told(make_text_console: MakeConsole) -> None:
    plain = " ".join(" ".join(shown(make_text_console(), a_model())).split())
    assert "framing as-is" in plain
    assert "inverted" not in plain
    model = replace(a_model(), inverted=True, framing=Framing(6, 255, 0))
    text = " ".join(" ".join(shown(make_text_console(40), model)).split())
    assert "framing mnist, in 6 by 6 pixels" in text
    assert "inverted yes" in text


@pytest.mark.parametrize("width", [30, 50, 80, 140])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_card_stays_within_the_width_and_its_characters(
    make_text_console: MakeConsole, width: int, ascii_only: bool
) -> None:
    console = make_text_console(width, ascii_only=ascii_only)
    lines = shown(console, a_model(source="/a/very/long/path" * 9))
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).isascii() or not ascii_only


def test_a_wider_console_needs_fewer_lines(make_text_console: MakeConsole) -> None:
    heights = [len(shown(make_text_console(width), a_model())) for width in (40, 80, 140)]
    assert heights[0] > heights[1] > heights[2]


def test_gains_and_offsets_of_hidden_layers_count_and_the_largest_weight_may_be_negative(
    make_text_console: MakeConsole,
) -> None:
    model = a_model(layer_norm=True)
    model.parameters[:] = 0.25
    model.parameters[0, 0] = -7.5
    hidden, output = (line.split() for line in shown(make_text_console(), model)[2:4])
    assert (hidden[6], hidden[-1]) == ("1,340", "7.5000")
    assert (output[5], output[-2:]) == ("63", ["0.0000", "0.2500"])


def test_a_model_without_a_best_epoch_or_of_other_bytes_is_told_so(
    make_text_console: MakeConsole,
) -> None:
    text = " ".join(" ".join(shown(make_text_console(), replace(a_model(), best_epoch=0))).split())
    assert "best epoch none" in text
    assert "fingerprint 0123456789ab" in text
    assert "networks" not in text
