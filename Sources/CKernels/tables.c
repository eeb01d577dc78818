// Sine, cosine and powers in double, for tables that are made once and rounded to Float32.
#include "kernels.h"

// pi/2 in three parts; the first two have 33 and 31 bits, so n times each is exact for n < 2^20.
#define HALF_PI_1 0x1.921fb544p0
#define HALF_PI_2 0x1.0b4611a6p-34
#define HALF_PI_3 0x1.3198a2e037073p-69
#define TWO_OVER_PI 0x1.45f306dc9c883p-1
#define ROUNDING 0x1.8p52
#define LN2_1 0x1.62e42feep-1
#define LN2_2 0x1.a39ef35793c76p-33
#define LOG2_E 0x1.71547652b82fep0
#define SQUARE_ROOT_2 0x1.6a09e667f3bcdp0

// (-1)^i / (2i + 1)!, i = 8 ... 1
static const double sine_terms[8] = {
    0x1.952c77030ad4ap-49, -0x1.ae7f3e733b81fp-41, 0x1.6124613a86d09p-33, -0x1.ae64567f544e4p-26,
    0x1.71de3a556c734p-19, -0x1.a01a01a01a01ap-13, 0x1.1111111111111p-7, -0x1.5555555555555p-3,
};
// (-1)^i / (2i)!, i = 8 ... 1
static const double cosine_terms[8] = {
    0x1.ae7f3e733b81fp-45, -0x1.93974a8c07c9dp-37, 0x1.1eed8eff8d898p-29, -0x1.27e4fb7789f5cp-22,
    0x1.a01a01a01a01ap-16, -0x1.6c16c16c16c17p-10, 0x1.5555555555555p-5, -0x1p-1,
};
// 1 / i!, i = 13 ... 2
static const double exponential_terms[12] = {
    0x1.6124613a86d09p-33, 0x1.1eed8eff8d898p-29, 0x1.ae64567f544e4p-26, 0x1.27e4fb7789f5cp-22,
    0x1.71de3a556c734p-19, 0x1.a01a01a01a01ap-16, 0x1.a01a01a01a01ap-13, 0x1.6c16c16c16c17p-10,
    0x1.1111111111111p-7, 0x1.5555555555555p-5, 0x1.5555555555555p-3, 0x1p-1,
};
// 2 / (2i + 1), i = 11 ... 1
static const double logarithm_terms[11] = {
    0x1.642c8590b2164p-4, 0x1.8618618618618p-4, 0x1.af286bca1af28p-4, 0x1.e1e1e1e1e1e1ep-4,
    0x1.1111111111111p-3, 0x1.3b13b13b13b14p-3, 0x1.745d1745d1746p-3, 0x1.c71c71c71c71cp-3,
    0x1.2492492492492p-2, 0x1.999999999999ap-2, 0x1.5555555555555p-1,
};

/// Horner's rule with fused multiply-adds, highest term first.
static double horner(const double *terms, int count, double x) {
    double sum = terms[0];
    for (int i = 1; i < count; i++) sum = __builtin_fma(sum, x, terms[i]);
    return sum;
}

void bored_sine_cosine(double angle, double *sine, double *cosine) {
    double n = __builtin_fma(angle, TWO_OVER_PI, ROUNDING) - ROUNDING;
    double r = __builtin_fma(-n, HALF_PI_1, angle);
    r = __builtin_fma(-n, HALF_PI_2, r);
    r = __builtin_fma(-n, HALF_PI_3, r);
    double square = r * r;
    double s = __builtin_fma(r * square, horner(sine_terms, 8, square), r);
    double c = __builtin_fma(square, horner(cosine_terms, 8, square), 1.0);
    switch ((long long)n & 3) {
    case 0: *sine = s; *cosine = c; break;
    case 1: *sine = c; *cosine = -s; break;
    case 2: *sine = -s; *cosine = -c; break;
    default: *sine = -c; *cosine = s; break;
    }
}

/// Natural logarithm of a positive normal number.
static double logarithm(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    double exponent = (double)((int64_t)(bits >> 52) - 1023);
    bits = (bits & 0x000FFFFFFFFFFFFFu) | 0x3FF0000000000000u;
    double mantissa;
    memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa > SQUARE_ROOT_2) {
        mantissa = mantissa * 0.5;
        exponent = exponent + 1.0;
    }
    double s = (mantissa - 1.0) / (mantissa + 1.0);
    double square = s * s;
    double tail = (s * square) * horner(logarithm_terms, 11, square);
    double low = __builtin_fma(exponent, LN2_2, __builtin_fma(2.0, s, tail));
    return __builtin_fma(exponent, LN2_1, low);
}

double bored_power(double base, double exponent) {
    double x = exponent * logarithm(base);
    double n = __builtin_fma(x, LOG2_E, ROUNDING) - ROUNDING;
    double r = __builtin_fma(-n, LN2_1, x);
    r = __builtin_fma(-n, LN2_2, r);
    double p = horner(exponential_terms, 12, r);
    p = __builtin_fma(p, r, 1.0);
    p = __builtin_fma(p, r, 1.0);
    uint64_t bits = (uint64_t)((int64_t)n + 1023) << 52;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}
