// Functions of single numbers and norms of rows, on vectors of LANES numbers; part of lanes.h.

INLINE lanes_f silu(lanes_f x) { return x / (SPLAT(1.0f) + exponential(-x)); }

INLINE lanes_f gelu_tanh(lanes_f x) {
    lanes_f factor = FMA(x * x, SPLAT(BORED_GELU_3), SPLAT(BORED_GELU_1));
    return x / (SPLAT(1.0f) + exponential(x * factor));
}

INLINE lanes_f magnitude(lanes_f x) { return (lanes_f)((lanes_i)x & 0x7FFFFFFF); }

INLINE lanes_f gelu_erf(lanes_f x) {
    lanes_f z = magnitude(x) * SPLAT(BORED_ROOT_HALF);
    lanes_f t = SPLAT(1.0f) / FMA(z, SPLAT(BORED_ERF_STEP), SPLAT(1.0f));
    lanes_f p = SPLAT(BORED_ERF_8);
    p = FMA(p, t, SPLAT(BORED_ERF_7));
    p = FMA(p, t, SPLAT(BORED_ERF_6));
    p = FMA(p, t, SPLAT(BORED_ERF_5));
    p = FMA(p, t, SPLAT(BORED_ERF_4));
    p = FMA(p, t, SPLAT(BORED_ERF_3));
    p = FMA(p, t, SPLAT(BORED_ERF_2));
    p = FMA(p, t, SPLAT(BORED_ERF_1));
    p = FMA(p, t, SPLAT(BORED_ERF_0));
    lanes_f below = (SPLAT(0.5f) * (p * t)) * exponential(-(z * z));
    lanes_f share = SELECT(x < SPLAT(0.0f), below, SPLAT(1.0f) - below);
    return x * share;
}

INLINE lanes_f soft_cap(lanes_f x, float cap) {
    lanes_f share = x / SPLAT(cap);
    lanes_f e = exponential(SPLAT(-2.0f) * magnitude(share));
    lanes_i size = (lanes_i)((SPLAT(1.0f) - e) / (SPLAT(1.0f) + e));
    lanes_i sign = (lanes_i)share & (lanes_i)(int32_t)0x80000000;
    return (lanes_f)(size | sign) * SPLAT(cap);
}

/// Writes the sixteen partial sums where the reduction tree reads them.
INLINE void store_parts(const lanes_f *parts, float *sums) {
    for (int part = 0; part < PARTS; part++) STORE(sums + part * LANES, parts[part]);
}

FUNCTION void rms_norm(
    const float *x, const float *weight, float epsilon, size_t width, float *y) {
    lanes_f parts[PARTS] = {0};
    size_t i = 0;
    for (; i + BORED_LANES <= width; i += BORED_LANES)
        for (int part = 0; part < PARTS; part++) {
            lanes_f v = LOAD(x + i + part * LANES);
            parts[part] = FMA(v, v, parts[part]);
        }
    float sums[BORED_LANES];
    store_parts(parts, sums);
    for (size_t lane = 0; i < width; i++, lane++)
        sums[lane] = __builtin_fmaf(x[i], x[i], sums[lane]);
    float mean = bored_sum_lanes(sums) / (float)width;
    float scale = 1.0f / __builtin_elementwise_sqrt(mean + epsilon);
    for (i = 0; i < width; i++) y[i] = (x[i] * scale) * weight[i];
}

FUNCTION void layer_norm(
    const float *x, const float *weight, const float *bias, float epsilon, size_t width,
    float *y) {
    lanes_f parts[PARTS] = {0};
    float sums[BORED_LANES];
    size_t i = 0;
    for (; i + BORED_LANES <= width; i += BORED_LANES)
        for (int part = 0; part < PARTS; part++)
            parts[part] = parts[part] + LOAD(x + i + part * LANES);
    store_parts(parts, sums);
    for (size_t lane = 0; i < width; i++, lane++) sums[lane] = sums[lane] + x[i];
    float mean = bored_sum_lanes(sums) / (float)width;
    for (int part = 0; part < PARTS; part++) parts[part] = SPLAT(0.0f);
    for (i = 0; i + BORED_LANES <= width; i += BORED_LANES)
        for (int part = 0; part < PARTS; part++) {
            lanes_f distance = LOAD(x + i + part * LANES) - SPLAT(mean);
            parts[part] = FMA(distance, distance, parts[part]);
        }
    store_parts(parts, sums);
    for (size_t lane = 0; i < width; i++, lane++)
        sums[lane] = __builtin_fmaf(x[i] - mean, x[i] - mean, sums[lane]);
    float variance = bored_sum_lanes(sums) / (float)width;
    float scale = 1.0f / __builtin_elementwise_sqrt(variance + epsilon);
    for (i = 0; i < width; i++)
        y[i] = __builtin_fmaf((x[i] - mean) * scale, weight[i], bias[i]);
}

/// One function of every number: `call` of a vector `v`, the last few numbers padded with zeros.
#define APPLY(x, count, y, call)                          \
    do {                                                  \
        size_t at = 0;                                    \
        for (; at + LANES <= (count); at += LANES) {      \
            lanes_f v = LOAD((x) + at);                   \
            STORE((y) + at, call);                        \
        }                                                 \
        float padded[LANES] = {0};                        \
        memcpy(padded, (x) + at, ((count) - at) * sizeof *padded); \
        lanes_f v = LOAD(padded);                         \
        STORE(padded, call);                              \
        memcpy((y) + at, padded, ((count) - at) * sizeof *padded); \
    } while (0)

FUNCTION void exponential_all(const float *x, size_t count, float *y) {
    APPLY(x, count, y, exponential(v));
}

FUNCTION void soft_cap_all(const float *x, float cap, size_t count, float *y) {
    APPLY(x, count, y, soft_cap(v, cap));
}

INLINE lanes_f function_of(const int function, lanes_f x) {
    return function == BORED_SILU ? silu(x)
        : function == BORED_GELU_TANH ? gelu_tanh(x)
                                      : gelu_erf(x);
}

INLINE void activate_by(
    const int function, const float *x, const float *factors, size_t count, float *y) {
    if (!factors) {
        APPLY(x, count, y, function_of(function, v));
        return;
    }
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        STORE(y + i, function_of(function, LOAD(x + i)) * LOAD(factors + i));
    for (; i < count; i++) {
        float value;
        APPLY(x + i, 1, &value, function_of(function, v));
        y[i] = value * factors[i];
    }
}

FUNCTION void activate(
    int function, const float *x, const float *factors, size_t count, float *y) {
    switch (function) {
    case BORED_SILU: activate_by(BORED_SILU, x, factors, count, y); break;
    case BORED_GELU_TANH: activate_by(BORED_GELU_TANH, x, factors, count, y); break;
    case BORED_GELU_ERF: activate_by(BORED_GELU_ERF, x, factors, count, y); break;
    }
}

INLINE lanes_u16 halves(lanes_f x) {
    lanes_i unordered = x != x;
    lanes_u16 nan = __builtin_convertvector(unordered, lanes_u16);
    lanes_u16 bits = (lanes_u16)__builtin_convertvector(x, lanes_h);
    return (nan & (lanes_u16)0x7E00) | (~nan & bits);
}

FUNCTION void half_from_float(const float *x, size_t count, uint16_t *y) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) *(loose_u16 *)(y + i) = halves(LOAD(x + i));
    float padded[LANES] = {0};
    memcpy(padded, x + i, (count - i) * sizeof(float));
    lanes_u16 rest = halves(LOAD(padded));
    memcpy(y + i, &rest, (count - i) * sizeof(uint16_t));
}

INLINE lanes_f floats(lanes_u16 bits) {
    lanes_f x = __builtin_convertvector((lanes_h)bits, lanes_f);
    return SELECT(x != x, (lanes_i)0x7FC00000, x);
}

FUNCTION void float_from_half(const uint16_t *x, size_t count, float *y) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) STORE(y + i, floats(*(const loose_u16 *)(x + i)));
    lanes_u16 padded = 0;
    memcpy(&padded, x + i, (count - i) * sizeof(uint16_t));
    lanes_f rest = floats(padded);
    memcpy(y + i, &rest, (count - i) * sizeof(float));
}
