// An application of its own that loads plugins: usage: embed PLUGIN_DIRECTORY
#include <cstdio>
#include <heddle/host.hpp>

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: embed PLUGIN_DIRECTORY\n");
        return 2;
    }
    heddle::host host({.plugins = {argv[1]}, .config_text = "modules: [{name: meter}]", .log_level = "warn"});
    for (const heddle::problem& problem : host.start().problems) {
        std::fprintf(stderr, "%s\n", problem.text.c_str());
    }
    try {
        const auto measure = host.function<double(double)>("meter.measure");
        for (int i = 1; i <= 3; ++i) {
            std::printf("meter.measure(2.5) = %.1f\n", measure(2.5));
        }
        host.stop_module("meter");
        measure(1);  // nobody serves it now
    } catch (const heddle::unavailable& e) {
        std::printf("as expected: %s\n", e.what());
    } catch (const heddle::error& e) {
        std::fprintf(stderr, "embed: %s\n", e.what());
        return 1;
    }
    return 0;
}
