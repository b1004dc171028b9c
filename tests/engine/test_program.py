"""A program is data, and tells of every buffer what the engine and the shaders hold."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import numpy as np
import pytest

from gpunet.config import NetworkSpec, TrainConfig
from gpunet.datasets.dataset import Samples
from gpunet.engine.planning.program import NETWORK_BYTES
from gpunet.engine.planning.shader_source import assemble
from gpunet.engine.wgpu.adapters import Adapter
from gpunet.engine.wgpu.wgpu_engine import NETWORK, WgpuEngine


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


def test_the_struct_of_a_network_is_the_same_in_the_shaders_and_on_the_host() -> None:
    text = assemble(("network",)).text
    body = text.partition("struct Network {")[2].partition("}")[0]
    fields = re.findall(r"^ *(\w+): (u32|f32),", body, flags=re.MULTILINE)
    kinds = {"u32": np.dtype(np.uint32), "f32": np.dtype(np.float32)}
    host = [(name, NETWORK[name]) for name in NETWORK.names or () if name != "reserved"]
    assert [(name, kinds[kind]) for name, kind in fields[: len(host)]] == host
    assert [name for name, _ in fields[len(host) :]] == ["reserved0", "reserved1"]
    assert NETWORK.itemsize == 4 * len(fields) == NETWORK_BYTES
