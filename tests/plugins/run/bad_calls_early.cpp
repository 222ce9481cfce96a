// bad_calls_early: calls in its constructor, before anything is bound.
#include <heddle/heddle.hpp>

namespace {

class BadCallsEarly : public heddle::module {
public:
    explicit BadCallsEarly(heddle::context& ctx) : module(ctx) { add_(1, 2); }

private:
    heddle::function<std::uint64_t(std::uint64_t, std::uint64_t)> add_{*this, "node.add"};
};

HEDDLE_PLUGIN(BadCallsEarly, "bad_calls_early", "1.0.0", "Calls before it is bound")

}  // namespace
