// clerk: a module with queued functions, and one that calls those of others in every way.
#include <unistd.h>

#include <array>
#include <atomic>
#include <heddle/heddle.hpp>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "heddle_test/latch.hpp"

namespace {

namespace latch = heddle::test::latch;

struct ClerkConfig {
    std::string asks;  // a clerk, whose functions it calls
};
BOOST_DESCRIBE_STRUCT(ClerkConfig, (), (asks))

struct Letter {
    std::int32_t from = 0;
    std::uint64_t number = 0;
    double weight = 0;
};
BOOST_DESCRIBE_STRUCT(Letter, (), (from, number, weight))

class Clerk : public heddle::module {
public:
    using Config = ClerkConfig;

    Clerk(heddle::context& ctx, const Config& config) : module(ctx), asks_(config.asks) {
        provide<&Clerk::add>("add", heddle::queued);
        provide<&Clerk::thread>("thread", heddle::queued);
        provide<&Clerk::join>("join", heddle::queued);
        provide<&Clerk::weigh>("weigh", heddle::queued);
        provide<&Clerk::total>("total", heddle::queued);
        provide<&Clerk::note>("note", heddle::queued);
        provide<&Clerk::wait>("wait", heddle::queued);
        provide<&Clerk::wait_number>("wait_number", heddle::queued);
        provide<&Clerk::wait_exclusive>("wait_exclusive");
        provide<&Clerk::fail>("fail", heddle::queued);
        provide<&Clerk::sum>("sum", heddle::concurrent);
        provide<&Clerk::notes>("notes");
        provide<&Clerk::refused>("refused", heddle::queued.or_fail());
        provide<&Clerk::dropped>("dropped", heddle::queued.or_drop_newest());
        provide<&Clerk::latest>("latest", heddle::queued.or_drop_oldest());
        provide<&Clerk::sequence>("sequence", heddle::queued);
        provide<&Clerk::out_of_order>("out_of_order", heddle::concurrent);
        provide<&Clerk::ask_back>("ask_back", heddle::queued);
        provide<&Clerk::ask>("ask");
        provide<&Clerk::ask_number>("ask_number");
        provide<&Clerk::ask_later>("ask_later");
        provide<&Clerk::post_to_itself>("post_to_itself", heddle::concurrent);
        provide<&Clerk::post_failure>("post_failure", heddle::concurrent);
        provide<&Clerk::run_again>("run_again", heddle::queued);
        provide<&Clerk::add_but_fours>("add_but_fours", heddle::queued);
        if (!asks_.empty()) {
            add_.emplace_back(*this, asks_ + ".add", heddle::optional);
            ask_back_.emplace_back(*this, asks_ + ".ask_back", heddle::optional);
            wait_number_.emplace_back(*this, asks_ + ".wait_number", heddle::optional);
        }
    }

    void run(heddle::stop_token stop) override {
        stop_ = stop;
        module::run(stop);
    }

private:
    void run_again() { module::run(stop_.value()); }
    void add_but_fours(std::uint64_t x) {
        if (x % 4 == 0) {
            throw std::runtime_error(std::to_string(x) + " divides by four");
        }
        add(x);
    }
    std::uint64_t add(std::uint64_t x) {
        sum_.fetch_add(x, std::memory_order_relaxed);
        return sum_.load(std::memory_order_relaxed);
    }
    std::int64_t thread() { return gettid(); }
    std::string join(std::string_view a, const std::string& b, std::span<const std::uint32_t> numbers) {
        std::string all(a);
        all += b;
        for (const std::uint32_t number : numbers) {
            all += ' ';
            all += std::to_string(number);
        }
        return all;
    }
    double weigh(const Letter& letter, Letter second) { return letter.weight + second.weight; }
    /// As large as arguments that travel in the call's record can be.
    std::uint64_t total(std::array<std::uint64_t, 32> numbers) {
        return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
    }
    void note(std::string_view text) { notes_.emplace_back(text); }
    std::vector<std::string> notes() { return notes_; }
    bool wait(std::string_view name) { return latch::wait(name); }
    std::uint64_t wait_number(std::uint64_t x) {
        latch::wait("number");
        return add(x);
    }
    bool wait_exclusive(std::string_view name) { return latch::wait(name); }
    void fail(std::string_view why) { throw std::runtime_error(std::string(why)); }
    std::uint64_t sum() const { return sum_.load(std::memory_order_relaxed); }
    void refused(std::uint64_t x) { add(x); }
    void dropped(std::uint64_t x) { add(x); }
    void latest(std::uint64_t x) {
        add(1);
        notes_.push_back(std::to_string(x));
    }
    /// Of one sender each number is one more than the one before.
    void sequence(std::uint32_t sender, std::uint64_t number) {
        if (sender >= next_.size()) {
            next_.resize(sender + 1);
        }
        if (next_[sender]++ != number) {
            out_of_order_.fetch_add(1, std::memory_order_relaxed);
        }
        add(number);
    }
    std::uint64_t out_of_order() const { return out_of_order_.load(std::memory_order_relaxed); }
    /// Through the other one, back and forth.
    std::uint64_t ask_back(std::uint64_t depth) {
        return depth == 0 || ask_back_.empty() ? static_cast<std::uint64_t>(gettid()) : ask_back_.front()(depth - 1);
    }
    std::uint64_t ask(std::uint64_t x) { return add_.front()(x); }
    std::uint64_t ask_number(std::uint64_t x) { return wait_number_.front()(x); }
    /// Its answer is noted on this module's thread.
    void ask_later(std::uint64_t x) {
        add_.front().async(x).then([this](heddle::future<std::uint64_t> done) {
            notes_.push_back(std::to_string(done.get()) + " on " + std::to_string(gettid()));
            latch::arrive("answered");
        });
    }
    void post_to_itself(std::uint64_t x) {
        post([this, x] {
            notes_.push_back(std::to_string(x) + " on " + std::to_string(gettid()));
            latch::arrive("posted");
        });
    }

    void post_failure(std::string_view why) {
        post([what = std::string(why)] { throw std::runtime_error(what); });
    }

    const std::string asks_;
    std::atomic<std::uint64_t> sum_{0};
    std::atomic<std::uint64_t> out_of_order_{0};
    std::vector<std::string> notes_;
    std::vector<std::uint64_t> next_;
    std::optional<heddle::stop_token> stop_;
    std::vector<heddle::function<std::uint64_t(std::uint64_t)>> add_;
    std::vector<heddle::function<std::uint64_t(std::uint64_t)>> ask_back_;
    std::vector<heddle::function<std::uint64_t(std::uint64_t)>> wait_number_;
};

}  // namespace

HEDDLE_PLUGIN(Clerk, "clerk", "1.0.0", "For tests of messages")
