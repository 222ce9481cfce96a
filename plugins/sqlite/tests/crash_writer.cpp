// Stores numbered rows until it is killed: `sqlite_crash_writer FILE FIRST SEED`. Prints `ready` once, then
// `stored N` after each flush: the rows before number N are committed. Row i is the sample (i, i * 0.5) of series i
// % 4.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "store.hpp"

int main(int argc, char** argv) {
    if (argc != 4) {
        return 2;
    }
    sqlite::Settings settings;
    settings.path = argv[1];
    settings.batch = 200;
    settings.retention = std::chrono::seconds{0};
    settings.flush = std::chrono::milliseconds{0};
    sqlite::Store store{settings,
                        [](sqlite::Level, const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }};
    std::mt19937 random{static_cast<unsigned>(std::atol(argv[3]))};
    std::int64_t row = std::atoll(argv[2]);
    const std::array names{"s0", "s1", "s2", "s3"};
    std::printf("ready\n");
    std::fflush(stdout);
    for (;;) {
        const int count = std::uniform_int_distribution<int>{1, 200}(random);
        for (int i = 0; i < count; ++i, ++row) {
            store.write(names[static_cast<std::size_t>(row % 4)], row, static_cast<double>(row) * 0.5);
        }
        store.work();
        if (store.stats().rows_pending == 0) {
            std::printf("stored %lld\n", static_cast<long long>(row));
            std::fflush(stdout);
        }
    }
}
