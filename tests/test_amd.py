"""How the listings of AMD's compiler are read, and what it makes of the kernels."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tools.amd.listing import kinds, loops, repeated_work
from tools.amd.report import FAMILIES, bound, compiled, share

LISTING = """\
BB0:
	s_load_b128 s[8:11], s[2:3], 0x40                           ; f4080201 f8000040
	v_mov_b32_e32 v5, 0                                         ; 7e0a0280
BB7:
	s_waitcnt lgkmcnt(0)                                        ; bf89fc07
	v_min_u32_e32 v26, s4, v26                                  ; 26343404
	buffer_load_b128 v[28:31], v26, s[12:15], 0 offen           ; e05c0000 8043001a
	s_cbranch_execz BB10                                        ; bfa50037
BB8:
	ds_store_b128 v44, v[48:51] offset:128                      ; db7c0080 0000302c
BB10:
	s_barrier                                                   ; bfbd0000
BB14:
	ds_load_b128 v[28:31], v25                                  ; dbfc0000 1c000019
	ds_load_2addr_b32 v[32:33], v25 offset1:8                   ; d8dc0800 20000019
	v_fmac_f32_e32 v15, v29, v45                                ; 561e5b1d
	(then repeated 31 times)
	v_dual_fmac_f32 v14, v29, v46 :: v_dual_mov_b32 v1, v2      ; c8105d1d 0e000102
	s_cbranch_scc0 BB14                                         ; bfa1005d
BB21:
	v_add_nc_u32_e32 v2, 1, v1                                  ; 4a040281
	s_cbranch_scc1 BB25                                         ; bfa20002
BB24:
	s_branch BB7                                                ; bfa0ff04
BB25:
	s_endpgm                                                    ; bfb00000
"""
"""What RADV makes of a tile in the workgroup's memory, with most of its instructions left out."""


def test_a_loop_counts_what_it_does_without_the_loops_within_it() -> None:
    outer, inner = loops(LISTING)
    assert (outer.block, outer.depth, outer.products) == ("BB7", 1, 0)
    assert (inner.block, inner.depth, inner.products) == ("BB14", 2, 33)
    assert outer.counts == Counter(
        {"wait": 1, "clamp": 1, "vector_load": 1, "load_bytes": 16, "branch": 3}
        | {"lds_write": 1, "lds_bytes": 16, "barrier": 1, "integer": 1, "vector": 2}
    )
    assert inner.counts == Counter(
        {"lds_read": 2, "lds_bytes": 16 + 2 * 4, "fma": 33, "dual": 1, "integer": 1}
        | {"branch": 1, "vector": 34}
    )


def test_the_work_of_a_kernel_is_its_outer_loop_with_four_trips_of_the_inner_one() -> None:
    work = repeated_work(LISTING)
    assert work is not None
    assert work["fma"] == 4 * 33
    assert work["vector"] == 2 + 4 * 34
    assert work["lds_bytes"] == 16 + 4 * 24


def test_a_listing_without_a_loop_that_multiplies_has_no_such_work() -> None:
    assert repeated_work(LISTING.replace("v_fmac", "v_mul")) is None
    assert repeated_work("") is None


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("v_fma_f32 v1, v2, v3, v4", ["fma"]),
        ("v_pk_fma_f16 v1, v2, v3, v4", ["packed_fma"]),
        ("v_dual_fmac_f32 v1, v2, v3 :: v_dual_fmac_f32 v4, v5, v6", ["dual", "fma", "fma"]),
        ("v_exp_f32_e32 v1, v2", ["transcendental"]),
        ("v_mul_f32_e32 v1, v2, v3", ["float"]),
        ("v_readfirstlane_b32 s0, v1", ["lane"]),
        ("global_store_b32 v[0:1], v2, off", ["vector_store"]),
        ("scratch_store_b128 off, v[0:3], off", ["scratch"]),
        ("ds_write_b128 v44, v[48:51]", ["lds_write"]),
        ("s_buffer_load_b32 s0, s[0:3], 0", ["scalar_load"]),
        ("exp mrt0, v0, v1, v2, v3", ["other"]),
    ],
)
def test_an_instruction_is_told_by_its_name(instruction: str, expected: list[str]) -> None:
    assert kinds(instruction) == expected


@pytest.mark.parametrize(
    ("wave", "paired", "expected"),
    [
        (32, False, (50 / 80, "VALU")),
        (32, True, (25 / (80 - 20), "VALU")),
        (64, False, (50 / 80, "VALU")),
        (64, True, (50 / (2 * 80 - 50), "VALU")),
    ],
)
def test_a_kernel_is_bound_by_the_vector_units_that_issue_its_instructions(
    wave: int, paired: bool, expected: tuple[float, str]
) -> None:
    work = Counter({"fma": 50, "vector": 80, "dual": 20, "lds_bytes": 10})
    assert bound(work, wave, paired=paired) == expected


def test_a_kernel_that_reads_much_is_bound_by_where_it_reads() -> None:
    work = Counter({"fma": 50, "vector": 60, "lds_bytes": 400, "load_bytes": 16})
    assert bound(work, 32, paired=False) == (50 / 200, "LDS")
    assert bound(work + Counter({"load_bytes": 800}), 32, paired=False) == (50 / 408, "L0")


Kernels = dict[str, list[dict[str, Any]]]
"""By family."""


@pytest.fixture(scope="module")
def kernels() -> Kernels:
    """What the compiler makes of all kernels, after some 40 s."""
    name = os.environ.get("GPUNET_AMD_COMPILER")
    if name is None:
        pytest.skip(
            "set AMD's compiler up with tools/amd/setup.sh FOLDER, and name that folder in "
            "GPUNET_AMD_COMPILER"
        )
    subprocess.run(
        ["tools/amd/check.sh", name, *FAMILIES],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "PYTHON": sys.executable},
        check=True,
    )
    return {family: compiled(Path(name), family) for family in FAMILIES}


WIDE_WAVES = ("renoir", "vega20")
"""Families of which every wave has 64 lanes, so that a workgroup gets 256 threads, not 512."""


@pytest.mark.parametrize("family", FAMILIES)
def test_no_kernel_spills_registers_but_the_persistent_one(kernels: Kernels, family: str) -> None:
    wide = family in WIDE_WAVES
    spilled = {}
    for one in kernels[family]:
        if one["kernel"] != "persistent":
            assert one["figures"]["Spilled VGPRs"] == 0, one
        elif (one["threads"] <= 256) == wide:
            spilled[one["network"].removeprefix("784-16-16-10, ")] = one["figures"]["Spilled VGPRs"]
    assert spilled.keys() == {"batch 1", "batch 4", "batch 8", "batch 16"}
    assert max(spilled["batch 1"], spilled["batch 4"]) <= (40 if wide else 0)
    assert wide or spilled["batch 8"] == 0  # wide waves take the other plan from there on


def test_the_loops_of_the_shared_tiles_are_multiply_adds_without_clamps(kernels: Kernels) -> None:
    for family, all_of_it in kernels.items():
        loops_of_tiles = [one for one in all_of_it if one["work"] and "shared" in one["tile"]]
        assert len(loops_of_tiles) >= 20
        for one in loops_of_tiles:
            name = family, one["network"], one["kernel"], one["tile"]
            assert share(one["work"]) >= (0.87 if family in WIDE_WAVES else 0.88), name
            assert one["work"]["clamp"] == 0, name


def test_no_workgroup_has_fewer_threads_than_a_wave(kernels: Kernels) -> None:
    for family, all_of_it in kernels.items():
        for one in all_of_it:
            assert one["threads"] >= one["figures"]["subgroup size"] == 64, (family, one["tile"])
