"""A program is data, and tells of every buffer what the engine and the shaders hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields

import pytest

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.planning.records import NETWORK, network_records
from gpunet.engine.planning.shader_source import assemble
from gpunet.engine.population import NetworkSettings
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.wgpu_engine import WgpuEngine


@pytest.mark.parametrize("clip_norm", [0.0, 1.0])
def test_a_program_goes_through_json_and_names_every_buffer_that_its_shaders_bind(
    adapter: Adapter, random_samples: Callable[..., Samples], clip_norm: float
) -> None:
    network = NetworkSpec(20, (6, 5), 3, layer_norm=True)
    config = TrainConfig(batch_size=8, clip_norm=clip_norm, ensemble=2, class_weights="balanced")
    with WgpuEngine(network, config, adapter) as engine:
        engine.load("train", random_samples(30, 20, 3))
        program = engine.training_program(30)
        engine._compile_training(30)
        made = {one.name: engine._buffers[one.name].size for one in program.buffers}
    told = program.to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert {one["name"]: one["bytes"] for one in told["buffers"]} == made
    bound = {binding["name"] for one in told["passes"] for binding in one["bindings"]}
    assert bound - set(made) == {"samples", "labels"}
    assert [one["label"] for one in told["passes"]] == [one.label for one in program.plan.passes]


def test_the_host_knows_every_field_of_a_network_as_the_shaders_have_it() -> None:
    text = assemble(("network",)).text
    body = text.partition("struct Network {")[2].partition("}")[0]
    assert len(NETWORK.names or ()) == body.count("\n") - 1
    assert NETWORK.itemsize == 4 * len(NETWORK.names or ())
    kinds = {name: NETWORK[name] for name in ("seed", "correct", "loss", "label_smoothing")}
    assert kinds == {"seed": "u4", "correct": "u4", "loss": "f4", "label_smoothing": "f4"}


def test_every_setting_of_a_network_is_written_where_the_shaders_read_it() -> None:
    values = {one.name: place + 1.0 for place, one in enumerate(fields(NetworkSettings))}
    written = {**values, "seed": 2**32 - 1, "input_dropout": 0.75}
    (record,) = network_records((NetworkSettings(**written),))  # type: ignore[arg-type]
    elsewhere = {"dropout", "input_dropout", "nesterov"}
    assert {name: record[name] for name in written if name not in elsewhere} == {
        name: value for name, value in written.items() if name not in elsewhere
    }
    assert (record["input_threshold"], record["input_scale"]) == (3 << 30, 4)
