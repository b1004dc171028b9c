#!/bin/sh
# Sets up what `make` needs: a virtual environment in .venv, and a Vulkan driver where none works.
#
#   tools/set_up.sh install [EXTRA]   the package, editable, and its libraries
#   tools/set_up.sh driver            Mesa's driver, if this machine has no usable adapter; what
#                                     --device then has to be is written into .venv/.driver
#   tools/set_up.sh promise           1 if there has to be an adapter then, else 0
#
# System packages are installed only as root or with a sudo that asks no password.
# GPUNET_NO_SYSTEM_PACKAGES=1 forbids it. PYTHON names the interpreter to use.
set -eu
cd "$(dirname "$0")/.."
venv=.venv

say() { echo "set-up: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

install() {
    extra=${1:-}
    [ -x "$venv/bin/pip" ] || make_venv
    say "installing gpunet and its libraries into $venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --editable ".${extra:+[$extra]}" ||
        fail "pip could not install gpunet; the lines above say why"
    touch "$venv/.installed" ${extra:+"$venv/.installed-$extra"}
}

make_venv() {
    python=$(find_python)
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        if ! { command -v apt-get >/dev/null && install_packages "$package"; }; then
            fail "$python cannot make virtual environments; run: apt-get install $package"
        fi
    fi
    say "making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv" || fail "$python could not make $venv"
}

find_python() {
    for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    fail "gpunet needs Python 3.11 or newer, and ${PYTHON:-python3} is missing or older;" \
        "install one and run: make PYTHON=/path/to/python3"
}

driver() {
    if ! has_adapter; then
        packages=$(driver_packages)
        if [ -n "$packages" ] && install_packages $packages && has_adapter; then
            say "Mesa's Vulkan driver is installed"
        else
            say "no usable Vulkan driver, so that numpy will do the work;" \
                "as root, install ${packages:-the Vulkan driver of your GPU or of Mesa}" \
                "and remove $venv/.driver"
        fi
    fi
    if has_adapter; then echo gpu; else echo auto; fi >"$venv/.driver"
}

promise() {
    if [ "${CI:-}" = true ] || { may_install && [ -n "$(driver_packages)" ]; }; then
        echo 1
    else
        echo 0
    fi
}

has_adapter() {
    "$venv/bin/python" - 2>/dev/null <<'END'
import sys
from gpunet.engine.factory import list_adapters
sys.exit(not any(adapter.usable for adapter in list_adapters()))
END
}

driver_packages() {
    case $(manager) in
    apt-get | dnf) echo mesa-vulkan-drivers ;;
    pacman) echo vulkan-icd-loader vulkan-swrast ;;
    apk) echo vulkan-loader mesa-vulkan-swrast ;;
    zypper) echo libvulkan1 libvulkan_lvp ;;
    esac
}

manager() {
    for name in apt-get dnf pacman apk zypper; do
        if command -v $name >/dev/null; then
            echo $name
            return
        fi
    done
}

may_install() {
    [ -z "${GPUNET_NO_SYSTEM_PACKAGES:-}" ] || return 1
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

install_packages() {
    may_install || return 1
    root=
    [ "$(id -u)" = 0 ] || root="sudo -n"
    say "installing the system's $* with $(manager)"
    case $(manager) in
    apt-get)
        $root apt-get update -qq || true
        # What apt says of a Debian without apt-utils is no news; it is shown if anything fails.
        log=$($root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -qq --no-install-recommends "$@" 2>&1) || {
            echo "$log"
            return 1
        }
        ;;
    dnf) $root dnf install -y -q "$@" ;;
    pacman) $root pacman -S --noconfirm --needed "$@" ;;
    apk) $root apk add --quiet "$@" ;;
    zypper) $root zypper --non-interactive --quiet install "$@" ;;
    *) return 1 ;;
    esac </dev/null >&2
}

case ${1:-} in
install) install "${2:-}" ;;
driver) driver ;;
promise) promise ;;
*) fail "usage: tools/set_up.sh install [EXTRA] | driver | promise" ;;
esac
