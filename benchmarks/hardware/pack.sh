#!/usr/bin/env bash
# Packs what gpunet needs on an x86-64 Linux machine that has a GPU and its driver, but no network:
# its libraries as wheels and, on Debian, the Vulkan loader. It fills .packed/ at the root anew,
# which campaign.sh uses where it finds it; carry the whole checkout with it over.
#
#   benchmarks/hardware/pack.sh [PYTHON_VERSION [PACKAGE...]]
#
# PYTHON_VERSION is that machine's, 3.12 unless given. numpy is left out, since PyTorch there is
# built for its own; name it, or whatever else that machine lacks (pytest, pytest-timeout), as a
# PACKAGE.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=${1:-3.12}
platforms=()
for glibc in 39 34 31 28 27 24 17; do platforms+=(--platform "manylinux_2_${glibc}_x86_64"); done
rm -rf .packed && mkdir .packed
python3 - pyproject.toml "${@:2}" >.packed/requirements <<'END'
import sys, tomllib
with open(sys.argv[1], "rb") as file:
    print(*tomllib.load(file)["project"]["dependencies"], *sys.argv[2:], sep="\n")
END
python3 -m pip download --quiet --only-binary=:all: --python-version "$version" \
    --implementation cp --abi "cp${version/./}" --abi abi3 --abi none \
    "${platforms[@]}" --platform manylinux2014_x86_64 --platform manylinux1_x86_64 \
    --dest .packed --requirement .packed/requirements
[[ " ${*:2} " == *' numpy'* ]] || rm .packed/numpy-*
if command -v apt-get >/dev/null; then
    (cd .packed && apt-get -qq -o APT::Sandbox::User=root download \
        libvulkan1 libegl1 libglvnd0 libopengl0 libgl1 libglx0 libgles2)
fi
du -sh .packed
