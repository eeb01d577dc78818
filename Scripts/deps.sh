#!/bin/bash
# Installs what a build needs (Debian, Ubuntu), or says what is missing and how to get it.
set -euo pipefail

packages=(libsodium-dev liblz4-dev libpcre2-dev libutf8proc-dev pkg-config)
modules=(libsodium liblz4 libpcre2-8 libutf8proc)

complete() {
    command -v pkg-config > /dev/null && pkg-config --exists "${modules[@]}"
}

if ! complete; then
    if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
        echo "Installing ${packages[*]}"
        export DEBIAN_FRONTEND=noninteractive
        apt=(apt-get -o DPkg::Lock::Timeout=300 -qq)
        "${apt[@]}" install -y --no-install-recommends "${packages[@]}" > /dev/null 2>&1 \
            || { "${apt[@]}" update \
                && "${apt[@]}" install -y --no-install-recommends "${packages[@]}" > /dev/null; }
    fi
    if ! complete; then
        echo "These libraries are missing: libsodium, lz4, pcre2 (8 bit), utf8proc, and pkg-config." >&2
        echo "On Debian or Ubuntu: sudo apt-get install ${packages[*]}" >&2
        exit 1
    fi
fi

if ! command -v swift > /dev/null; then
    echo "The Swift toolchain is missing: install Swift 6.3 from https://swift.org/install" >&2
    exit 1
fi
version=$(swift --version 2> /dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
if [ "$(printf '%s\n6.3\n' "$version" | sort -V | head -n 1)" != 6.3 ]; then
    echo "Swift $version is too old: BoredMesh needs 6.3 (https://swift.org/install)" >&2
    exit 1
fi
