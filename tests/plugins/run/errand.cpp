// errand: a module whose functions are tasks, which wait in every way there is.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <heddle/heddle.hpp>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "heddle_test/latch.hpp"

namespace {

using namespace std::chrono_literals;
namespace latch = heddle::test::latch;

struct ErrandConfig {
    std::string asks;   // an errand, whose functions it calls
    std::string start;  // what it spawns in start()
};
BOOST_DESCRIBE_STRUCT(ErrandConfig, (), (asks, start))

struct Parcel {
    double weight = 0;
    std::string from;
    std::vector<std::uint64_t> numbers;
};
BOOST_DESCRIBE_STRUCT(Parcel, (), (weight, from, numbers))

// A variable of a task, whose end is told.
struct Mark {
    Mark() = default;
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;
    ~Mark() { latch::arrive("gone"); }
};

class Errand : public heddle::module {
public:
    using Config = ErrandConfig;

    Errand(heddle::context& ctx, const Config& config) : module(ctx), asks_(config.asks), start_(config.start) {
        provide<&Errand::at_once>("at_once", heddle::queued);
        provide<&Errand::nap>("nap", heddle::queued);
        provide<&Errand::join>("join", heddle::queued);
        provide<&Errand::pack>("pack", heddle::queued);
        provide<&Errand::fail>("fail", heddle::queued);
        provide<&Errand::fail_at_once>("fail_at_once", heddle::queued);
        provide("catches", &Errand::catches, heddle::queued);
        provide<&Errand::deep>("deep", heddle::queued);
        provide<&Errand::rounds>("rounds", heddle::queued);
        provide<&Errand::read_all>("read_all", heddle::queued);
        provide<&Errand::write_all>("write_all", heddle::queued);
        provide<&Errand::wait_for>("wait_for", heddle::queued);
        provide<&Errand::dawdle>("dawdle", heddle::queued);
        provide<&Errand::ask>("ask", heddle::queued);
        provide<&Errand::ask_many>("ask_many", heddle::queued);
        provide<&Errand::patience>("patience", heddle::queued);
        provide<&Errand::ask_in_time>("ask_in_time", heddle::queued);
        provide<&Errand::answer_of>("answer_of", heddle::queued);
        provide<&Errand::await_twice>("await_twice", heddle::queued);
        provide<&Errand::nap_here>("nap_here", heddle::queued);
        provide<&Errand::notes>("notes");
        provide(
            "by_lambda",
            [this](std::uint64_t x) -> heddle::task<std::uint64_t> {
                co_await sleep(1ms);
                notes_.push_back("by lambda " + std::to_string(x));
                co_return x + 1;
            },
            heddle::queued);
        if (!asks_.empty()) {
            nap_.emplace_back(*this, asks_ + ".nap", heddle::optional);
            wait_for_.emplace_back(*this, asks_ + ".wait_for", heddle::optional);
            fail_.emplace_back(*this, asks_ + ".fail", heddle::optional);
            nap_here_.emplace_back(*this, asks_ + ".nap_here", heddle::optional);
        }
        if (start_ == "constructor" || start_ == "throws") {
            spawn(errand("constructor"));
        }
        if (start_ == "throws") {
            throw std::runtime_error("not today");
        }
    }
    void start() override {
        if (!start_.empty()) {
            spawn(errand(start_));
            spawn(errand("second"));
            notes_.emplace_back("start");
        }
        if (start_ == "start fails") {
            throw std::runtime_error("not today");
        }
    }
    void stop() override { notes_.clear(); }

private:
    heddle::task<std::uint64_t> at_once(std::uint64_t x) { co_return x + 1; }
    heddle::task<std::int64_t> nap(std::uint32_t ms) {
        const Mark mark;
        latch::arrive("naps");
        co_await sleep(std::chrono::milliseconds(ms));
        notes_.push_back("nap " + std::to_string(ms));
        co_return gettid();
    }
    heddle::task<std::string> join(std::string_view a, const std::string& b, std::span<const std::uint32_t> numbers,
                                   std::string c) {
        co_await sleep(1ms);
        std::string all(a);
        all += b;
        for (const std::uint32_t number : numbers) {
            all += ' ';
            all += std::to_string(number);
        }
        all += c;
        co_return all;
    }
    heddle::task<Parcel> pack(Parcel parcel) {
        co_await sleep(0ms);
        parcel.weight *= 2;
        parcel.numbers.push_back(parcel.numbers.size());
        co_return parcel;
    }
    heddle::task<> fail(std::string_view why) {
        const Mark mark;
        co_await sleep(1ms);
        throw std::runtime_error(std::string(why));
    }
    heddle::task<> fail_at_once(std::string_view why) {
        throw std::runtime_error(std::string(why));
        co_return;
    }
    // What went wrong in a part of it, and in a call.
    heddle::task<std::string> catches(std::string_view why) {
        std::string caught;
        try {
            co_await fail(why);
        } catch (const std::runtime_error& e) {
            caught = e.what();
        }
        try {
            co_await fail_.front().async(why);
        } catch (const heddle::error& e) {
            caught += std::string(" | ") + e.what();
        }
        try {
            co_await readable(-1);
        } catch (const heddle::error& e) {
            caught += std::string(" | ") + e.what();
        }
        co_await sleep(0ms);  // it goes on waiting all the same
        co_return caught;
    }
    heddle::task<std::uint64_t> deep(std::uint64_t depth) {
        const Mark mark;
        if (depth == 0) {
            co_await sleep(1ms);
            co_return 1;
        }
        co_return co_await deep(depth - 1) + 1;
    }
    // Many parts after each other, most of which never wait.
    heddle::task<std::uint64_t> rounds(std::uint64_t count) {
        std::uint64_t sum = 0;
        for (std::uint64_t i = 0; i < count; ++i) {
            sum = co_await at_once(sum);
            if (i % 1024 == 0) {
                sum += co_await deep(2) - 3;
            }
        }
        co_return sum;
    }
    heddle::task<std::string> read_all(std::int32_t fd) {
        const Mark mark;
        latch::arrive("reads");
        std::string all;
        for (;;) {
            const heddle::readiness ready = co_await readable(fd);
            std::array<char, 8> some{};
            const ssize_t count = ::read(fd, some.data(), some.size());
            if (count <= 0) {
                co_return all + (ready.has(heddle::hangup) ? "." : "?");
            }
            all.append(some.data(), static_cast<std::size_t>(count));
        }
    }
    heddle::task<std::uint64_t> write_all(std::int32_t fd, std::uint64_t count) {
        const Mark mark;
        std::uint64_t waits = 0;
        const std::string some(4096, 'x');
        while (count != 0) {
            const ssize_t written = ::write(fd, some.data(), std::min<std::size_t>(some.size(), count));
            if (written < 0) {
                ++waits;
                co_await writable(fd);
            } else {
                count -= static_cast<std::uint64_t>(written);
            }
        }
        co_return waits;
    }
    // Until somebody writes to a pipe, as the tests do.
    heddle::task<std::int32_t> wait_for(std::int32_t fd) {
        const Mark mark;
        latch::arrive("waits");
        co_await readable(fd);
        co_return fd;
    }
    // Holds its thread first.
    heddle::task<std::int32_t> dawdle(std::int32_t fd) {
        const Mark mark;
        latch::wait("dawdles");
        co_await readable(fd);
        co_return fd;
    }
    heddle::task<std::int32_t> ask(std::int32_t fd) {
        const Mark mark;
        co_return co_await ask_part(fd);
    }
    heddle::task<std::int32_t> ask_part(std::int32_t fd) {
        const Mark mark;
        latch::arrive("asks");
        co_return co_await wait_for_.front().async(fd);
    }
    // Calls that run at once; each gives the other's thread.
    heddle::task<std::uint64_t> ask_many(std::uint32_t count) {
        std::vector<heddle::future<std::int64_t>> answers;
        for (std::uint32_t i = 0; i < count; ++i) {
            answers.push_back(nap_.front().async(1 + i % 3));
        }
        std::uint64_t there = 0;
        for (auto& answer : answers) {
            there += co_await answer != gettid() ? 1U : 0U;
        }
        co_return there;
    }
    // Waits, then calls another that takes longer than the caller's deadline.
    heddle::task<> patience(std::int32_t fd) {
        co_await sleep(1ms);
        try {
            wait_for_.front()(fd);
            notes_.emplace_back("answered");
        } catch (const heddle::error& e) {
            notes_.emplace_back(e.what());
        }
        latch::arrive("patient");
        co_await readable(fd);
    }
    heddle::task<> ask_in_time(std::int32_t fd) {
        const Mark mark;
        try {
            co_await ask_part(fd);
            notes_.emplace_back("answered");
        } catch (const heddle::timeout& e) {
            notes_.emplace_back(e.what());
        }
        latch::arrive("in time");
    }
    heddle::task<std::string> answer_of(std::string_view what) {
        const std::string kept(what);
        const auto answer = [&]() -> heddle::task<std::string> {
            co_await sleep(0ms);
            co_return "answer of " + kept;
        };
        co_return co_await answer() + " and " + co_await answer();
    }
    heddle::task<std::string> await_twice() {
        std::string told;
        heddle::task<std::uint64_t> once = at_once(1);
        heddle::task<std::uint64_t>& again = once;
        told += std::to_string(co_await std::move(once));
        try {
            co_await std::move(again);
        } catch (const heddle::error& e) {
            told += std::string(" | ") + e.what();
        }
        heddle::task<std::uint64_t> empty;
        try {
            co_await std::move(empty);
        } catch (const heddle::error& e) {
            told += std::string(" | ") + e.what();
        }
        co_return told;
    }
    // No task: waits for one on its thread.
    std::string nap_here(std::uint32_t depth) {
        try {
            return depth == 0 ? std::to_string(nap_.front()(1)) : nap_here_.front()(depth - 1);
        } catch (const heddle::deadlock& e) {
            return e.what();
        }
    }
    std::vector<std::string> notes() { return notes_; }

    heddle::task<> errand(std::string what) {
        const Mark mark;
        notes_.push_back("begins " + what);
        co_await sleep(1ms);
        notes_.push_back("ends " + what);
        if (what == "fails") {
            throw std::runtime_error("the well is dry");
        }
        latch::arrive("ran " + what);
        if (what == "stays") {
            co_await sleep(24h);
        }
    }

    const std::string asks_;
    const std::string start_;
    std::vector<std::string> notes_;
    std::vector<heddle::function<std::int64_t(std::uint32_t)>> nap_;
    std::vector<heddle::function<std::int32_t(std::int32_t)>> wait_for_;
    std::vector<heddle::function<void(std::string_view)>> fail_;
    std::vector<heddle::function<std::string(std::uint32_t)>> nap_here_;
};

}  // namespace

HEDDLE_PLUGIN(Errand, "errand", "1.0.0", "For tests of tasks")
