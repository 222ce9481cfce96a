#include "hysteresis.hpp"

#include <array>

namespace alerts {

Hysteresis::Change Hysteresis::step(bool hot, bool cool, Time now) {
    const bool was_raised = is_raised();
    if (was_raised ? hot || !cool : !hot) {
        state_ = was_raised ? State::raised : State::ok;
        return Change::none;
    }
    const State waiting = was_raised ? State::clearing : State::pending;
    if (state_ != waiting) {
        state_ = waiting;
        since_ = now;
    }
    if (now - since_ < (was_raised ? clear_after_ : raise_after_)) {
        return Change::none;
    }
    state_ = was_raised ? State::ok : State::raised;
    return was_raised ? Change::cleared : Change::raised;
}

Hysteresis::Change Hysteresis::lost() {
    const Change change = is_raised() ? Change::cleared : Change::none;
    state_ = State::unknown;
    return change;
}

void Hysteresis::pause() {
    state_ = is_raised() ? State::raised : State::unknown;
}

std::string_view to_string(Hysteresis::State state) {
    static constexpr std::array<std::string_view, 5> names = {"unknown", "ok", "pending", "raised", "clearing"};
    return names[static_cast<std::size_t>(state)];
}

}  // namespace alerts
