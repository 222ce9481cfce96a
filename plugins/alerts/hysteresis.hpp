// When an alert is raised and when it is cleared: the state of one rule for one series.
//
//                   hot                 hot for raise_after
//     unknown, ok -------> pending ----------------------------> raised <----+
//         ^  ^                | not hot                             |        | hot, or not cool
//         |  +----------------+                              cool   v        |
//         +---------------------------------------------------- clearing ---+
//                        cool for clear_after
//
// A pure machine: time is the caller's and never goes back. Hot wins over cool, so that two conditions that hold at
// once can't make it flap. Times count from the first step that saw the condition, so nothing is raised or cleared
// before it was seen to hold at every step for all of its time. Thread-safety: none; a value.
#pragma once

#include <chrono>
#include <string_view>

namespace alerts {

using Time = std::chrono::steady_clock::time_point;

class Hysteresis {
public:
    enum class State { unknown, ok, pending, raised, clearing };
    enum class Change { none, raised, cleared };

    Hysteresis(std::chrono::nanoseconds raise_after, std::chrono::nanoseconds clear_after)
        : raise_after_(raise_after), clear_after_(clear_after) {}

    // The rule was evaluated: its `when` holds (hot), its `clear` holds (cool).
    Change step(bool hot, bool cool, Time now);
    // The series is gone. What was raised is cleared, as nothing more can be said about it.
    Change lost();
    // Nobody could be asked. What is raised stays so; a time that was running begins anew, as nobody saw its middle.
    void pause();

    State state() const { return state_; }
    bool is_raised() const { return state_ == State::raised || state_ == State::clearing; }

private:
    std::chrono::nanoseconds raise_after_;
    std::chrono::nanoseconds clear_after_;
    State state_ = State::unknown;
    Time since_{};  // of pending and clearing
};

std::string_view to_string(Hysteresis::State state);

}  // namespace alerts
