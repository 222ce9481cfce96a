// watcher: a module that watches one end of a stream and counts what comes through it. What else a test has it do with
// its watch it does in a timer, on its own thread.
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <heddle/heddle.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "heddle_test/latch.hpp"

namespace {

namespace latch = heddle::test::latch;

struct WatcherConfig {
    std::string does;  // in its timer: once, unwatch, rest, twice, change_ended, miss_ticks, tick
    std::string done;  // a latch that it then arrives at
    std::string came;  // a latch that its handler arrives at
};
BOOST_DESCRIBE_STRUCT(WatcherConfig, (), (does, done, came))

class Watcher : public heddle::module {
public:
    using Config = WatcherConfig;

    Watcher(heddle::context& ctx, const Config& config) : module(ctx), config_(config) {
        int ends[2] = {-1, -1};
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
            throw std::runtime_error("no socketpair");
        }
        mine_ = ends[0];
        other_ = ends[1];
        provide<&Watcher::send>("send", heddle::concurrent);
        provide<&Watcher::hang_up>("hang_up", heddle::concurrent);
        provide<&Watcher::watch_from_here>("watch_from_here", heddle::concurrent);
        provide<&Watcher::received>("received");
        provide<&Watcher::note>("note", heddle::queued);
        provide<&Watcher::noted>("noted");
        provide<&Watcher::told>("told");
        provide<&Watcher::is_right>("is_right");
        watch_ = watch(mine_, heddle::readable, [this](heddle::readiness now) { receive(now); });
        after(std::chrono::nanoseconds(0), [this] {
            try {
                act();
            } catch (const heddle::error& e) {
                log().error("{}", e.what());
            }
            latch::arrive(config_.done);
        });
    }
    ~Watcher() override {
        close(mine_);
        hang_up();
    }

private:
    void act() {
        if (config_.does == "once") {
            unwatch(watch_);
            watch_ = watch_once(mine_, heddle::readable, [this] { receive(heddle::readable); });
        } else if (config_.does == "unwatch") {
            unwatch(watch_);
        } else if (config_.does == "rest") {
            rewatch(watch_, heddle::readiness());
            after(std::chrono::nanoseconds(0), [this] {
                latch::wait("sent");
                after(std::chrono::milliseconds(1), [this] {
                    is_right_ = is_right_ && received_ == 0;
                    rewatch(watch_, heddle::readable);
                });
            });
        } else if (config_.does == "twice") {
            watch(mine_, heddle::writable, [] {});
        } else if (config_.does == "change_ended") {
            unwatch(watch_);
            rewatch(watch_, heddle::readable);
        } else if (config_.does == "tick") {
            every(std::chrono::milliseconds(1), [] { latch::arrive("tick"); });
        } else if (config_.does == "miss_ticks") {
            every(std::chrono::milliseconds(1), [this, first = true]() mutable {
                const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(first ? 10 : 0);
                if (!std::exchange(first, false)) {
                    log().info("missed {}", missed_ticks() >= 9 ? "at least 9" : "too few");
                }
                while (std::chrono::steady_clock::now() < end) {
                }
            });
        }
    }

    void receive(heddle::readiness now) {
        is_right_ = is_right_ && std::this_thread::get_id() == thread_;
        char bytes[64];
        if (const ssize_t count = read(mine_, bytes, sizeof bytes); count > 0) {
            received_ += static_cast<std::uint64_t>(count);
        }
        told_ = now.bits();
        if (now.has(heddle::hangup)) {
            unwatch(watch_);
        }
        latch::arrive(config_.came);
    }

    std::uint64_t send(std::uint64_t bytes) const {
        return static_cast<std::uint64_t>(write(other_, std::string(bytes, 'x').data(), bytes));
    }
    void hang_up() {
        if (const int end = other_.exchange(-1); end >= 0) {
            close(end);
        }
    }
    void watch_from_here() {
        watch(other_, heddle::readable, [] {});
    }
    std::uint64_t received() const { return received_; }
    void note() { ++noted_; }
    std::uint64_t noted() const { return noted_; }
    std::uint64_t told() const { return told_; }
    bool is_right() const { return is_right_; }

    const Config config_;
    int mine_ = -1;
    std::atomic<int> other_{-1};
    heddle::watched watch_;
    const std::thread::id thread_ = std::this_thread::get_id();
    std::uint64_t received_ = 0;
    std::uint64_t noted_ = 0;
    std::uint64_t told_ = 0;
    bool is_right_ = true;
};

HEDDLE_PLUGIN(Watcher, "watcher", "1.0.0", "Watches a stream")

}  // namespace
