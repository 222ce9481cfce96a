// crossing: modules that call each other as a test says, by routes such as "b.hold @met c.pass": the next step is made
// inside of the one before. "@met" arrives at a latch and waits for it.
//
// Every module provides `hold` (exclusive), `pass` (concurrent), `queue` (queued) and, for random walks, `wander`,
// `wander_on` and `wander_queued`, of the same policies.
#include <atomic>
#include <heddle/heddle.hpp>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "heddle_test/latch.hpp"

namespace {

namespace latch = heddle::test::latch;

struct CrossingConfig {
    std::vector<std::string> peers;     // modules that it may call
    std::vector<std::string> required;  // modules that it requires
    std::string at_start;               // a route that start() takes
    std::string at_stop;                // a route that stop() takes
    std::string ticks;                  // a route that a timer takes, once
    std::uint32_t roams = 0;            // steps of a random walk that start() and stop() take
};
BOOST_DESCRIBE_STRUCT(CrossingConfig, (), (peers, required, at_start, at_stop, ticks, roams))

class Crossing : public heddle::module {
public:
    using Config = CrossingConfig;
    using Route = std::uint64_t(std::string_view);
    using Walk = std::uint64_t(std::uint64_t, std::uint32_t);

    Crossing(heddle::context& ctx, const Config& config) : module(ctx), config_(config) {
        for (const std::string& peer : config.peers) {
            for (const char* const function : {"hold", "pass", "queue"}) {
                routes_.try_emplace(peer + "." + function, *this, peer + "." + function, heddle::optional);
            }
            for (const char* const function : {"wander", "wander_on", "wander_queued"}) {
                walks_.emplace_back(*this, peer + "." + function, heddle::optional);
            }
        }
        for (const std::string& needed : config.required) {
            routes_.try_emplace(needed + ".hold", *this, needed + ".hold");
        }
        provide<&Crossing::hold_route>("hold");
        provide<&Crossing::pass_route>("pass", heddle::concurrent);
        provide<&Crossing::hold_route>("queue", heddle::queued);
        provide<&Crossing::wander>("wander");
        provide<&Crossing::wander>("wander_queued", heddle::queued);
        provide<&Crossing::wander_on>("wander_on", heddle::concurrent);
        provide<&Crossing::held>("held");
        if (!config.ticks.empty()) {
            after(std::chrono::nanoseconds(0), [this] { take(config_.ticks); });
        }
    }

    void start() override {
        take(config_.at_start);
        roam();
    }
    void stop() override {
        take(config_.at_stop);
        roam();
    }

private:
    // How many calls the route has made.
    std::uint64_t take(std::string_view route) const {
        while (!route.empty()) {
            const std::string_view step = route.substr(0, route.find(' '));
            route.remove_prefix(std::min(route.size(), step.size() + 1));
            if (step.starts_with('@')) {
                latch::wait(step.substr(1));
            } else {
                return 1 + routes_.at(std::string(step))(route);
            }
        }
        return 0;
    }

    // Never two chains of calls at once, but the same one again.
    class Held {
    public:
        explicit Held(Crossing& module)
            : module_(module), before_(std::exchange(module.holder_, heddle_current.chain)) {
            if (before_ != 0 && before_ != heddle_current.chain) {
                module_.intruders_ += 1;
            }
            module_.entered_ += 1;
        }
        ~Held() { module_.holder_ = before_; }
        Held(const Held&) = delete;
        Held& operator=(const Held&) = delete;

    private:
        Crossing& module_;
        const std::uint64_t before_;
    };

    std::uint64_t hold_route(std::string_view route) {
        const Held held(*this);
        return take(route);
    }
    std::uint64_t pass_route(std::string_view route) const { return take(route); }

    // Calls up to three others, each of which does so with one step less to go. What a call throws goes on to the
    // caller, or is put up with; so says the seed.
    std::uint64_t walk_on(std::uint64_t seed, std::uint32_t steps) const {
        std::uint64_t calls = 1;
        if (steps == 0 || walks_.empty()) {
            return calls;
        }
        const auto next = [&seed] {  // splitmix64
            std::uint64_t z = (seed += 0x9e3779b97f4a7c15U);
            z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
            z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
            return z ^ (z >> 31U);
        };
        for (std::uint64_t left = next() % 3 + 1; left != 0; --left) {
            const heddle::function<Walk>& other = walks_[next() % walks_.size()];
            const bool puts_up = next() % 2 == 0;
            if (next() % 4 == 0) {
                std::this_thread::yield();  // lets others in who then meet this one
            }
            try {
                calls += other(next(), steps - 1);
            } catch (const heddle::error& e) {
                const bool is_expected =
                    e.kind() == heddle::failure::deadlock || e.kind() == heddle::failure::unavailable;
                if (!is_expected || !puts_up) {
                    throw;
                }
            }
        }
        return calls;
    }
    void roam() {
        if (config_.roams != 0) {
            static std::atomic<std::uint64_t> seeds{1};
            try {
                walk_on(seeds++, config_.roams);
            } catch (const heddle::unavailable& e) {
                log().debug("roaming: {}", e.what());
            }
        }
    }
    std::uint64_t wander(std::uint64_t seed, std::uint32_t steps) {
        const Held held(*this);
        return walk_on(seed, steps);
    }
    std::uint64_t wander_on(std::uint64_t seed, std::uint32_t steps) const { return walk_on(seed, steps); }

    // How often it was held; 0 if two chains of calls ever were inside at once.
    std::uint64_t held() const noexcept { return intruders_ == 0 ? entered_ : 0; }

    const Config config_;
    std::map<std::string, heddle::function<Route>> routes_;
    std::vector<heddle::function<Walk>> walks_;
    // No atomics: the policy keeps others out.
    std::uint64_t holder_ = 0;
    std::uint64_t entered_ = 0;
    std::uint64_t intruders_ = 0;
};

HEDDLE_PLUGIN(Crossing, "crossing", "1.0.0", "Calls others by routes that a test gives it")

}  // namespace
