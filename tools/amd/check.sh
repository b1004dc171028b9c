#!/bin/sh
# What AMD's compiler makes of every kernel of the plans; no GPU is needed.
#
#   tools/amd/check.sh FOLDER FAMILY...
#
# FOLDER is what setup.sh has filled. It gets report.md, and for each family of GPUs FAMILY.json and
# the listings in FAMILY/. PYTHON names the interpreter that has
# gpunet's libraries: .venv/bin/python, unless it is set. WAVE=32 or 64 asks for that subgroup size.
set -eu
root=$(realpath "$1")
shift
cd "$(dirname "$0")/../.."
python=${PYTHON:-.venv/bin/python}
export PYTHONPATH="$PWD:$PWD/src" MESA_SHADER_CACHE_DISABLE=1
export LD_LIBRARY_PATH="$root/mesa/usr/lib/x86_64-linux-gnu"

VK_DRIVER_FILES="$root/lvp.json" "$python" -m tools.amd.capture "$root/spirv"
for family in "$@"; do
    VK_DRIVER_FILES="$root/radeon.json" RADV_FORCE_FAMILY=$family \
        "$root/venv/bin/python" -m tools.amd.radv "$root/spirv" "$root/$family" ${WAVE:+--wave $WAVE}
done
"$python" -m tools.amd.report "$root" "$@" >"$root/report.md"
echo "$root/report.md"
