// One that sends to a module of the plugin `box` in every way there is, and writes down what became of it
// (heddle_test/ledger.hpp): a thread of the embedding application, or the module `carrier`.
//
// Thread-safety: one thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <heddle/heddle.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "heddle_test/ledger.hpp"

namespace heddle::test {

using PutNumber = std::uint64_t(std::uint32_t, std::uint64_t);
using PutText = std::uint64_t(std::uint32_t, std::uint64_t, std::string_view);

/// The functions of a box, four for each way, one for each thing to do with a full mailbox. Each is sent to in one way,
/// so that what the host counts as dropped can be told apart.
inline std::string box_function(std::size_t kind) {
    constexpr std::array<std::string_view, 4> ways{"call", "view", "async", "post"};
    constexpr std::array<std::string_view, 4> full{"block", "refuse", "newest", "oldest"};
    return std::string(ways.at(kind / 4)) + "_" + std::string(full.at(kind % 4));
}
inline constexpr std::size_t first_with_view = 4;
inline constexpr std::size_t first_async = 8;
inline constexpr std::size_t first_post = 12;

/// What every function of a box answers.
inline std::uint64_t box_answer(std::uint64_t number, std::size_t length) {
    return number * 3 + length;
}

class BoxSender {
public:
    /// `function_of.template operator()<Signature>(name)` gives a handle.
    template <class FunctionOf>
    BoxSender(std::size_t box, std::uint32_t sender, std::uint64_t seed, FunctionOf&& function_of)
        : sender_(sender), random_(seed), page_(ledger::page(box, sender)) {
        const std::string name = "box" + std::to_string(box) + ".";
        for (std::size_t kind = 0; kind < first_with_view; ++kind) {
            numbers_.push_back(function_of.template operator()<PutNumber>(name + box_function(kind)));
        }
        for (std::size_t kind = first_with_view; kind < ledger::kinds; ++kind) {
            texts_.push_back(function_of.template operator()<PutText>(name + box_function(kind)));
        }
    }

    /// Sends one message.
    void send() {
        const std::size_t kind = random_() % ledger::kinds;
        const std::uint64_t number = ++number_;
        ledger::Entry& entry = page_.of.at(kind);
        if (kind < first_async) {
            ++entry.sent;
            if (kind < first_with_view) {
                const auto& f = numbers_.at(kind);
                judge(entry, box_answer(number, 0),
                      [&] { return number % 2 == 0 ? f(sender_, number) : f.within(tiny(), sender_, number); });
            } else {
                const auto& f = texts_.at(kind - first_with_view);
                const std::string text = some_text();
                judge(entry, box_answer(number, text.size()), [&] {
                    return number % 4 != 0 ? f(sender_, number, text) : f.within(tiny(), sender_, number, text);
                });
            }
            return;
        }
        const auto& f = texts_.at(kind - first_with_view);
        const std::string text = some_text();
        try {
            if (kind < first_post) {
                auto answer = f.async(sender_, number, text);
                if (random_() % 3 != 0) {  // the others are thrown away
                    open_.push_back({std::move(answer), &entry, box_answer(number, text.size())});
                }
            } else {
                f.post(sender_, number, text);
            }
            ++entry.sent;
            entry.sent_sum += number;
        } catch (const error& e) {
            ++entry.thrown;
            const bool for_room = std::string_view(e.what()).find(" for room: ") != std::string_view::npos;
            if (e.kind() == failure::full || (e.kind() == failure::timeout && for_room)) {
                ++entry.full;
            } else if (e.kind() != failure::unavailable && e.kind() != failure::timeout) {
                report(entry, e.what());
            }
        }
        if (open_.size() > 8) {
            await_one();
        }
    }

    /// Waits for the answers that are still to come.
    void finish() {
        while (!open_.empty()) {
            await_one();
        }
    }

private:
    struct Open {
        future<std::uint64_t> answer;
        ledger::Entry* entry;
        std::uint64_t right;
    };

    std::chrono::microseconds tiny() { return std::chrono::microseconds(random_() % 200); }
    std::string some_text() {
        const std::uint64_t draw = random_();
        return std::string(draw % 64 == 0 ? 3000 : draw % 5 == 0 ? 300 : draw % 40, 'x');
    }

    static void report(ledger::Entry& entry, const char* what) {
        if (++entry.wrong == 1) {
            std::fprintf(stderr, "box_sender: %s\n", what);
        }
    }

    template <class Call>
    static void judge(ledger::Entry& entry, std::uint64_t right, Call&& call) {
        try {
            if (call() == right) {
                ++entry.answered;
            } else {
                report(entry, "a wrong answer");
            }
        } catch (const timeout&) {
            ++entry.late;
        } catch (const error& e) {
            if (e.kind() == failure::unavailable || e.kind() == failure::full) {
                ++entry.told;
            } else {
                report(entry, e.what());
            }
        }
    }

    /// A wait for an answer may be over before it comes: then it can be asked again. One that never comes is wrong.
    void await_one() {
        Open one = std::move(open_.front());
        open_.pop_front();
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        judge(*one.entry, one.right, [&] {
            for (;;) {
                try {
                    return random_() % 4 == 0 ? one.answer.get_within(tiny()) : one.answer.get();
                } catch (const timeout&) {
                    if (!one.answer.valid()) {
                        throw;
                    }
                    if (std::chrono::steady_clock::now() > end) {
                        throw error(failure::invalid, "an answer that never came");
                    }
                }
            }
        });
    }

    const std::uint32_t sender_;
    std::mt19937_64 random_;
    ledger::Page& page_;
    std::uint64_t number_ = 0;
    std::vector<function<PutNumber>> numbers_;
    std::vector<function<PutText>> texts_;
    std::deque<Open> open_;
};

}  // namespace heddle::test
