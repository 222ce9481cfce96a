// Seeded random samples and exact quantiles, to hold the sketch against.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "sketch.hpp"

namespace stats::testing {

enum class Shape { uniform, log_normal, bimodal, constant, negative, both_signs_and_zero, every_magnitude };

inline const std::vector<Shape>& all_shapes() {
    static const std::vector<Shape> shapes{Shape::uniform,        Shape::log_normal, Shape::bimodal,
                                           Shape::constant,       Shape::negative,   Shape::both_signs_and_zero,
                                           Shape::every_magnitude};
    return shapes;
}

inline std::string name_of(Shape shape) {
    static const char* const names[] = {"uniform",  "log-normal",          "bimodal",        "constant",
                                        "negative", "both signs and zero", "every magnitude"};
    return names[static_cast<std::size_t>(shape)];
}

inline std::vector<double> draw(Shape shape, std::size_t count, std::mt19937_64& random) {
    std::uniform_real_distribution<double> unit(0.0, 1.0);
    std::normal_distribution<double> normal;
    const double constant = std::exp(normal(random) * 10);
    std::vector<double> values(count);
    for (double& value : values) {
        switch (shape) {
            case Shape::uniform:
                value = unit(random) * 100;
                break;
            case Shape::log_normal:
                value = std::exp(2 + 3 * normal(random));
                break;
            case Shape::bimodal:
                value = unit(random) < 0.7 ? 5 + normal(random) * 0.1 : 1e6 + normal(random) * 1e4;
                break;
            case Shape::constant:
                value = constant;
                break;
            case Shape::negative:
                value = -std::exp(normal(random) * 4);
                break;
            case Shape::both_signs_and_zero:
                value = unit(random) < 0.1 ? 0 : normal(random) * 50;
                break;
            case Shape::every_magnitude:
                value = std::ldexp(1 + unit(random), static_cast<int>(unit(random) * 2097) - 1074);
                break;
        }
    }
    return values;
}

inline double exact_quantile(std::vector<double> values, double q) {
    std::ranges::sort(values);
    return values[quantile_rank(q, values.size())];
}

// What the bound of the sketch allows around an exact value: its accuracy, and the rounding of log and exp (their
// arguments reach 745, so that an ulp of them moves the result by about 1e-13 of itself).
inline double allowed_error(double exact, double accuracy) {
    return std::fabs(exact) * (accuracy + 1e-12) + std::numeric_limits<double>::denorm_min();
}

}  // namespace stats::testing
