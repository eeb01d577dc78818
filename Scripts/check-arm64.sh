#!/bin/sh
# Builds the C kernels for arm64, runs every one of them at the NEON and the scalar level under
# emulation, and compares their bits with those of the scalar level here.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
for tool in clang aarch64-linux-gnu-gcc qemu-aarch64; do
    if ! command -v "$tool" >/dev/null; then
        echo "SKIPPED: no $tool (Debian: clang gcc-aarch64-linux-gnu qemu-user)"
        exit 0
    fi
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
set -- "$root"/Sources/CKernels/*.c "$root/Scripts/compare-levels.c"
clang --target=aarch64-linux-gnu --sysroot=/usr/aarch64-linux-gnu \
    -isystem /usr/aarch64-linux-gnu/include -O3 -Wall -Wextra -Werror \
    -I"$root/Sources/CKernels/include" -c "$@"
aarch64-linux-gnu-gcc -static -o arm64 ./*.o -lm
clang -O3 -I"$root/Sources/CKernels/include" "$@" -o native -lm
./native >native.txt
qemu-aarch64 ./arm64 >arm64.txt
cat arm64.txt
native=$(grep '^scalar' native.txt)
for level in scalar neon; do
    other=$(grep "^$level" arm64.txt)
    if [ "${native#* }" != "${other#* }" ]; then
        echo "FAILED: $other on arm64, $native here"
        exit 1
    fi
done
echo "arm64: scalar and neon give the bits of scalar here"
