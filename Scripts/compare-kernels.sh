#!/bin/sh
# Compares products with those of llama.cpp in one process, one thread each.
# usage: Scripts/compare-kernels.sh LLAMA_SOURCE LLAMA_BUILD [avx2]
# LLAMA_BUILD holds bin/libggml-cpu.so, built natively for this machine (or for AVX2).
set -eu
source=$1
build=$2
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
clang -O3 -I"$root/Sources/CKernels/include" -I"$source/ggml/include" \
    "$root"/Sources/CKernels/*.c "$root/Scripts/compare-kernels.c" -o "$work/compare" \
    -L"$build/bin" -lggml-cpu -lggml-base -lggml -lm -Wl,-rpath,"$build/bin"
"$work/compare" "${3:-native}"
