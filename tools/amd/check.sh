#!/bin/sh
# What AMD's compiler makes of every kernel of the plans; no GPU is needed.
#
#   tools/amd/check.sh FOLDER [FAMILY...]
#
# FOLDER is what setup.sh has filled. For each family of GPUs (navi31 unless any is named) it gets
# FAMILY.md, FAMILY.json, and the listings in FAMILY/. PYTHON names the interpreter that has
# gpunet's libraries: .venv/bin/python, unless it is set. WAVE=32 or 64 asks for that subgroup size.
set -eu
root=$(realpath "$1")
shift
cd "$(dirname "$0")/../.."
python=${PYTHON:-.venv/bin/python}
export PYTHONPATH="$PWD:$PWD/src:$PWD/benchmarks" MESA_SHADER_CACHE_DISABLE=1
export LD_LIBRARY_PATH="$root/mesa/usr/lib/x86_64-linux-gnu"

VK_DRIVER_FILES="$root/lvp.json" "$python" -m tools.amd.capture "$root/spirv"
for family in "${@:-navi31}"; do
    VK_DRIVER_FILES="$root/radeon.json" RADV_FORCE_FAMILY=$family \
        "$root/venv/bin/python" -m tools.amd.radv "$root/spirv" "$root/$family" ${WAVE:+--wave $WAVE}
    "$python" -m tools.amd.tables "$root/$family.json" >"$root/$family.md"
    echo "$root/$family.md"
done
