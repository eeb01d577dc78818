// Products of this project in turn with those of llama.cpp, on the same weights and rows, one
// thread each; built and run by compare-kernels.sh. Time is the processor's, so that others on the
// machine disturb little; memory is read from beyond every cache.
#include "CKernels.h"

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <ggml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OUTPUTS = 8192, INPUTS = 2048, POOL_BYTES = 400 << 20 };

static const struct format {
    const char *name;
    int ours;
    enum ggml_type theirs;
} formats[] = {
    {"F16", BORED_FLOAT16, GGML_TYPE_F16}, {"Q8_0", BORED_Q8_0, GGML_TYPE_Q8_0},
    {"Q4_0", BORED_Q4_0, GGML_TYPE_Q4_0},  {"Q4_K", BORED_Q4_K, GGML_TYPE_Q4_K},
    {"Q5_K", BORED_Q5_K, GGML_TYPE_Q5_K},  {"Q6_K", BORED_Q6_K, GGML_TYPE_Q6_K},
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t state = 1;

static uint64_t next(void) {
    uint64_t mixed = state += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
    return mixed ^ mixed >> 31;
}

/// Rows of random blocks with small scales.
static uint8_t *random_weights(int format) {
    size_t blocks = (size_t)OUTPUTS * INPUTS / bored_block_inputs(format);
    size_t size = bored_block_bytes(format);
    uint8_t *bytes = malloc(blocks * size);
    for (size_t i = 0; i < blocks * size; i++) bytes[i] = (uint8_t)next();
    for (size_t i = 0; i < blocks; i++) {
        uint8_t *block = bytes + i * size + (format == BORED_Q6_K ? 208 : 0);
        block[1] = 0x20 | (block[1] & 0x81);
        if (format == BORED_Q4_K || format == BORED_Q5_K) block[3] = 0x20 | (block[3] & 1);
    }
    return bytes;
}

/// llama.cpp's weights: in the layout that it prefers for them here, else as they are.
struct theirs {
    ggml_backend_t backend;
    struct ggml_context *weights_context, *context;
    struct ggml_tensor **weights;
    size_t count;
};

static int allocate(struct theirs *t, ggml_backend_buffer_type_t type, const struct format *f) {
    struct ggml_init_params plain = {ggml_tensor_overhead() * (t->count + 8), NULL, true};
    t->weights_context = ggml_init(plain);
    for (size_t i = 0; i < t->count; i++)
        t->weights[i] = ggml_new_tensor_2d(t->weights_context, f->theirs, INPUTS, OUTPUTS);
    if (!ggml_backend_alloc_ctx_tensors_from_buft(t->weights_context, type)) return 0;
    struct ggml_context *probe = ggml_init(plain);
    struct ggml_tensor *x = ggml_new_tensor_2d(probe, GGML_TYPE_F32, INPUTS, 1);
    struct ggml_tensor *y = ggml_mul_mat(probe, t->weights[0], x);
    int works = ggml_backend_dev_supports_op(ggml_backend_get_device(t->backend), y);
    ggml_free(probe);
    return works;
}

static void load(struct theirs *t, const struct format *f, const uint8_t *bytes) {
    ggml_backend_dev_t device = ggml_backend_get_device(t->backend);
    ggml_backend_dev_get_extra_bufts_t extra =
        (ggml_backend_dev_get_extra_bufts_t)ggml_backend_reg_get_proc_address(
            ggml_backend_dev_backend_reg(device), "ggml_backend_dev_get_extra_bufts");
    ggml_backend_buffer_type_t *types = extra ? extra(device) : NULL;
    while (types && *types && !allocate(t, *types, f)) types++;
    if (!types || !*types) allocate(t, ggml_backend_cpu_buffer_type(), f);
    for (size_t i = 0; i < t->count; i++)
        ggml_backend_tensor_set(t->weights[i], bytes, 0, ggml_nbytes(t->weights[i]));
}

static double their_time(struct theirs *t, size_t turn, size_t rows, const float *x, float *y) {
    struct ggml_init_params plain = {
        ggml_tensor_overhead() * 8 + ggml_graph_overhead(), NULL, true};
    struct ggml_context *context = ggml_init(plain);
    struct ggml_tensor *input = ggml_new_tensor_2d(context, GGML_TYPE_F32, INPUTS, (int64_t)rows);
    struct ggml_tensor *output = ggml_mul_mat(context, t->weights[turn % t->count], input);
    struct ggml_cgraph *graph = ggml_new_graph(context);
    ggml_build_forward_expand(graph, output);
    ggml_backend_buffer_t buffer = ggml_backend_alloc_ctx_tensors(context, t->backend);
    ggml_backend_tensor_set(input, x, 0, rows * INPUTS * sizeof(float));
    double start = now();
    ggml_backend_graph_compute(t->backend, graph);
    double time = now() - start;
    ggml_backend_tensor_get(output, y, 0, rows * OUTPUTS * sizeof(float));
    ggml_backend_buffer_free(buffer);
    ggml_free(context);
    return time;
}

static double our_time(
    int level, int format, const uint8_t *panels, size_t rows, const float *x,
    struct bored_input_group *groups, float *y) {
    size_t stride = bored_group_stride(INPUTS);
    double start = now();
    if (format != BORED_FLOAT16)
        for (size_t r = 0; r < rows; r++)
            bored_quantize(level, x + r * INPUTS, INPUTS, groups + r * stride);
    struct bored_product p = {
        format, panels, bored_panel_bytes(format, INPUTS), 0, OUTPUTS / 32, OUTPUTS, INPUTS, x,
        INPUTS, groups, stride, rows, y, OUTPUTS,
    };
    bored_multiply(level, &p);
    return now() - start;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, ascending);
    return values[count / 2];
}

static void compare(int level, const struct format *f, ggml_backend_t backend) {
    enum { ROWS = 128, TURNS = 40 };
    size_t size = (size_t)OUTPUTS / 32 * bored_panel_bytes(f->ours, INPUTS);
    size_t count = POOL_BYTES / size;
    struct ggml_tensor *tensors[count];
    struct theirs theirs = {backend, NULL, NULL, tensors, count};
    uint8_t *bytes = random_weights(f->ours), *panels = bored_allocate(size * count);
    for (size_t i = 0; i < count; i++)
        bored_pack(f->ours, bytes, 0, OUTPUTS, INPUTS, panels + i * size);
    load(&theirs, f, bytes);
    float *x = malloc(ROWS * INPUTS * sizeof *x), *y = malloc(ROWS * OUTPUTS * sizeof *y);
    float *z = malloc(ROWS * OUTPUTS * sizeof *z);
    struct bored_input_group *groups =
        malloc(ROWS * bored_group_stride(INPUTS) * sizeof *groups);
    for (size_t i = 0; i < ROWS * INPUTS; i++) x[i] = (float)(next() % 2001) / 1000.0f - 1.0f;
    static const size_t row_counts[] = {1, 2, 4, 8, 16, 32, 128};
    for (size_t c = 0; c < sizeof row_counts / sizeof *row_counts; c++) {
        size_t rows = row_counts[c], turns = rows > 8 ? TURNS / 4 : TURNS;
        double ours[TURNS], others[TURNS], probes[TURNS];
        uint64_t read = 0;
        for (size_t i = 0; i < turns; i++) {
            others[i] = their_time(&theirs, i, rows, x, z);
            const uint8_t *at = panels + (i + count / 3) % count * size;
            ours[i] = our_time(level, f->ours, at, rows, x, groups, y);
            double start = now();
            read += bored_read_probe(level, panels + (i + 2 * count / 3) % count * size, size);
            probes[i] = now() - start;
        }
        double away = 0, scale = 0;
        for (size_t i = 0; i < rows * OUTPUTS; i++) {
            away += (double)(y[i] - z[i]) * (y[i] - z[i]);
            scale += (double)z[i] * z[i];
        }
        double mine = median(ours, turns), other = median(others, turns);
        double work = 2.0 * OUTPUTS * INPUTS * (double)rows;
        printf(
            "%s, %zu rows: ours %.1f, llama.cpp %.1f Gop/s, ratio %.2f; %.2f of the read probe; "
            "squared distance %.1e%s\n",
            f->name, rows, work / mine / 1e9, work / other / 1e9, other / mine,
            median(probes, turns) / mine, away / scale, read == 1 ? " " : "");
        fflush(stdout);
    }
    bored_free(panels, size * count);
    free(bytes);
}

int main(int count, char **arguments) {
    int level = bored_level_detected();
    if (count > 1 && !strcmp(arguments[1], "avx2")) level = BORED_AVX2;
    ggml_backend_t backend = ggml_backend_cpu_init();
    ggml_backend_cpu_set_n_threads(backend, 1);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        compare(level, &formats[i], backend);
    return 0;
}
