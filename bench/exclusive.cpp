// exclusive/* and mutex/*: many threads that call one exclusive module, or the same function under one std::mutex.
//
// Every row runs for a time and not for a number of calls, so that who gets more than a fair share shows. ns/call is
// the time divided by the calls of all threads together. Each run has a second part in which every call is timed:
// "worst us" is the longest that any took, "share %" what the least favoured thread got, of what would have been fair.
// Rows without "cores:" may use every processor.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "callee.hpp"
#include "cpus.hpp"
#include "suite.hpp"
#include "work.hpp"

namespace bench {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds untimed(100);
constexpr milliseconds timed(50);

struct alignas(128) Count {
    std::uint64_t calls = 0;
    nanoseconds worst{0};
};

/// What a fight is: `call(thread)` is made by each of `threads` threads again and again.
template <class Call>
void fight(benchmark::State& state, int threads, int cpus, Call call) {
    double calls = 0;
    nanoseconds elapsed(0);
    double share = 100;
    nanoseconds worst(0);
    const auto run = [&](milliseconds time, bool is_timed) {
        std::vector<Count> counts(static_cast<std::size_t>(threads));
        std::atomic<int> ready{0};
        std::atomic<bool> go{false};
        std::atomic<bool> stop{false};
        std::vector<std::jthread> all;
        for (int thread = 0; thread < threads; ++thread) {
            all.emplace_back([&, thread] {
                Count mine;
                ++ready;
                go.wait(false);
                while (!stop.load(std::memory_order_relaxed)) {
                    if (is_timed) {
                        const auto began = clock::now();
                        call(thread);
                        mine.worst = std::max<nanoseconds>(mine.worst, clock::now() - began);
                        ++mine.calls;
                    } else {
                        for (int i = 0; i < 16; ++i, ++mine.calls) {
                            call(thread);
                        }
                    }
                }
                counts[static_cast<std::size_t>(thread)] = mine;
            });
        }
        if (cpus != 0) {
            const Placement few = placements(static_cast<std::size_t>(cpus), 1).front();
            for (std::size_t i = 0; i < all.size(); ++i) {
                pin(all[i], few[i % few.size()]);
            }
        }
        while (ready != threads) {
            std::this_thread::yield();
        }
        const auto began = clock::now();
        go = true;
        go.notify_all();
        std::this_thread::sleep_for(time);
        stop = true;
        all.clear();
        if (!is_timed) {
            elapsed += clock::now() - began;
        }
        std::uint64_t sum = 0;
        std::uint64_t least = UINT64_MAX;
        for (const Count& one : counts) {
            sum += one.calls;
            least = std::min(least, one.calls);
            worst = std::max(worst, one.worst);
        }
        if (!is_timed) {
            calls += static_cast<double>(sum);
            share = std::min(share, 100.0 * static_cast<double>(least) * threads / static_cast<double>(sum));
        }
    };
    for ([[maybe_unused]] auto _ : state) {
        run(untimed, false);
        run(timed, true);
    }
    report(state, elapsed, "call", calls / static_cast<double>(state.iterations()));
    state.counters["worst us"] = static_cast<double>(worst.count()) / 1000;
    state.counters["share %"] = share;
}

using Function = std::uint64_t(std::uint64_t, std::uint64_t);

void exclusive(benchmark::State& state, const char* function, std::uint64_t argument, int threads, int cpus) {
    const auto handle = shared_host().function<Function>(std::string("t0.") + function);
    fight(state, threads, cpus, [&](int thread) { return handle(static_cast<std::uint64_t>(thread), argument); });
}

void mutex(benchmark::State& state, std::uint64_t ns, int threads, int cpus) {
    const RawAdd add = symbol<RawAdd>("bench_raw_add");
    std::mutex guard;
    std::vector<Count> totals(static_cast<std::size_t>(threads));
    fight(state, threads, cpus, [&](int thread) {
        const std::lock_guard lock(guard);
        if (ns != 0) {
            work(ns);
        }
        return add(&totals[static_cast<std::size_t>(thread)].calls, 1);
    });
}

// 64 modules on 2 cores: 64 threads, each calling a module of its own choosing for 1 us; every fourth call goes to the
// first one.
constexpr std::size_t many = 64;

template <class Call>
void oversubscribed(benchmark::State& state, Call call) {
    fight(state, many, 2, [&](int thread) {
        thread_local std::minstd_rand random(static_cast<unsigned>(thread) + 1);
        const std::size_t drawn = random();
        return call(drawn % 4 == 0 ? 0 : drawn / 4 % many, thread);
    });
}

void exclusive_oversubscribed(benchmark::State& state) {
    std::string config = "host:\n  preflight: false\nmodules:\n";
    for (std::size_t i = 0; i < many; ++i) {
        config += "  - {name: m" + std::to_string(i) + ", plugin: bench_target}\n";
    }
    heddle::host_options options;
    options.plugins = {callee_library().parent_path().parent_path()};
    options.config_text = config;
    options.log_level = "error";
    heddle::host host(options);
    if (const heddle::host_report report = host.start(); !report.empty()) {
        throw std::runtime_error(report.problems.front().text);
    }
    using Handle = decltype(host.function<Function>(""));
    std::vector<Handle> handles;
    for (std::size_t i = 0; i < many; ++i) {
        handles.push_back(host.function<Function>("m" + std::to_string(i) + ".work_for"));
    }
    oversubscribed(state, [&](std::size_t module, int thread) {
        return handles[module](static_cast<std::uint64_t>(thread), 1000);
    });
}

void mutex_oversubscribed(benchmark::State& state) {
    std::vector<std::mutex> guards(many);
    oversubscribed(state, [&](std::size_t module, int /*thread*/) {
        const std::lock_guard lock(guards[module]);
        work(1000);
        return 0;
    });
}

/// Priority inversion: on one processor a thread of nice 19 that holds the module for 100 us at a time, and a thread
/// that computes; on another the one that is measured, which calls every millisecond.
template <class Call>
void inversion(benchmark::State& state, Call call) {
    std::atomic<bool> stop{false};
    const int shared = pairs().front()[0];
    std::jthread low([&] {
        setpriority(PRIO_PROCESS, 0, 19);  // of this thread only
        while (!stop) {
            call(0, 100'000);
        }
    });
    std::jthread hog([&] {
        while (!stop) {
            work(1000);
        }
    });
    pin(low, shared);
    pin(hog, shared);
    nanoseconds sum(0);
    nanoseconds worst(0);
    {
        const Pinned elsewhere(pairs().front()[1]);
        for ([[maybe_unused]] auto _ : state) {
            std::this_thread::sleep_for(milliseconds(1));
            const auto began = clock::now();
            call(1, 1000);
            const nanoseconds took = clock::now() - began;
            sum += took;
            worst = std::max(worst, took);
        }
    }
    stop = true;
    report(state, sum);
    state.counters["worst us"] = static_cast<double>(worst.count()) / 1000;
}

void exclusive_inversion(benchmark::State& state) {
    const auto handle = shared_host().function<Function>("t0.work_for");
    inversion(state, handle);
}

void mutex_inversion(benchmark::State& state) {
    std::mutex guard;
    inversion(state, [&](std::uint64_t /*thread*/, std::uint64_t ns) {
        const std::lock_guard lock(guard);
        work(ns);
    });
}

const Group group([] {
    const auto both = [](const std::string& work, const std::string& variant, const char* function,
                         std::uint64_t argument, int threads, int cpus) {
        add("exclusive/" + work + variant, "mutex/" + work, [=](benchmark::State& state) {
            exclusive(state, function, argument, threads, cpus);
        })->Iterations(3);
        add("mutex/" + work + variant, "", [=](benchmark::State& state) {
            mutex(state, argument == 1 ? 0 : argument, threads, cpus);
        })->Iterations(3);
    };
    for (const int threads : {1, 2, 4, 8}) {
        both("add", "/callers:" + std::to_string(threads), "add_for", 1, threads, 0);
        both("1us", "/callers:" + std::to_string(threads), "work_for", 1000, threads, 0);
    }
    both("add", "/callers:8/cores:2", "add_for", 1, 8, 2);
    both("1us", "/callers:8/cores:2", "work_for", 1000, 8, 2);
    add("exclusive/64_modules/cores:2", "mutex/64_modules", exclusive_oversubscribed)->Iterations(3);
    add("mutex/64_modules/cores:2", "", mutex_oversubscribed)->Iterations(3);
    add("exclusive/inversion", "mutex/inversion", exclusive_inversion)->Iterations(50);
    add("mutex/inversion", "", mutex_inversion)->Iterations(50);
});

}  // namespace

}  // namespace bench
