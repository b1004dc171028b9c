#!/bin/sh
# Gets Mesa 25 (RADV with its null device, and a llvmpipe that writes down the SPIR-V it is given)
# for Debian 12 on x86-64 without installing it: three packages of its backports, unpacked.
#
#   tools/amd/setup.sh FOLDER
set -eu
root=$(realpath -m "$1")
version=25.0.7-2~bpo12+1 # figures depend on it
mkdir -p "$root/apt/lists/partial" "$root/apt/cache/archives/partial" "$root/debs"

# The mirror that this machine uses, from either form of apt's lists of sources.
mirror=$(cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null |
    sed -n 's/^URIs: *//p; s/^deb  *\(\[[^]]*\] \)\{0,1\}\([a-z]*:[^ ]*\) .*/\2/p' |
    grep -v security | head -n 1)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm-backports main" \
    >"$root/apt/sources.list"
cat >"$root/apt/apt.conf" <<END
Dir::Etc::sourcelist "$root/apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$root/apt/lists";
Dir::Cache "$root/apt/cache";
APT::Sandbox::User "root";
END
export APT_CONFIG="$root/apt/apt.conf"
apt-get -qq update
(
    cd "$root/debs"
    for package in "mesa-vulkan-drivers=$version" libdrm2 libdrm-amdgpu1; do
        apt-get -qq -t bookworm-backports download "$package"
    done
)
for deb in "$root"/debs/*.deb; do dpkg -x "$deb" "$root/mesa"; done
libraries="$root/mesa/usr/lib/x86_64-linux-gnu"
for driver in radeon lvp; do
    printf '{"file_format_version": "1.0.0", "ICD": {"api_version": "1.4.305", "library_path": "%s"}}\n' \
        "$libraries/libvulkan_$driver.so" >"$root/$driver.json"
done
python3 -m venv "$root/venv"
"$root/venv/bin/pip" install --quiet vulkan==1.3.275.1
echo "$root is ready"
