#!/usr/bin/env bash
# Measures gpunet on this machine's GPU; see README.md beside it.
#
#   benchmarks/hardware/campaign.sh --output FOLDER [--mnist FOLDER] [--minutes 8.5] [--small] [STEP...]
#
# PYTHON names the interpreter: python3, unless it is set. What pack.sh has put into .packed/ at
# the root is used where the machine lacks it.
set -euo pipefail
root=$(realpath "$(dirname "$0")/../..")
packed=$root/.packed
python=${PYTHON:-python3}
export PYTHONPATH=$root/src:$root/benchmarks${PYTHONPATH:+:$PYTHONPATH}

if [ -d "$packed" ]; then
    [ -d "$packed/site" ] || "$python" -m pip install --quiet --no-index --no-deps --no-compile \
        --root-user-action ignore --target "$packed/site" "$packed"/*.whl
    PYTHONPATH=$PYTHONPATH:$packed/site
    if ! ldconfig -p | grep -q 'libvulkan\.so\.1' && [ -e "$packed"/libvulkan1_*.deb ]; then
        for deb in "$packed"/*.deb; do dpkg -x "$deb" "$packed/system"; done
        libraries=$(dirname "$(find "$packed/system" -name libvulkan.so.1)")
        export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    fi
fi

gpu_is_found() {
    timeout 60 "$python" -m gpunet devices --json | grep -q '"kind": ".* GPU"'
}

# NVIDIA's usual Vulkan library needs those of X11, which containers lack; its other one does not.
if [ -e /dev/nvidiactl ] && ! gpu_is_found; then
    manifest=$(mktemp --suffix .json)
    echo '{"file_format_version": "1.0.0",
        "ICD": {"library_path": "libEGL_nvidia.so.0", "api_version": "1.3.0"}}' >"$manifest"
    export VK_DRIVER_FILES=$manifest VK_ICD_FILENAMES=$manifest
fi
exec "$python" -m hardware "$@"
