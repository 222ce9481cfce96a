// bad_declares_on: its constructor declares one function after the other until the test opens "declared enough", or so
// many are declared that no test waits for longer.
#include <heddle/heddle.hpp>
#include <string>

#include "heddle_test/latch.hpp"

namespace {

class BadDeclaresOn : public heddle::module {
public:
    explicit BadDeclaresOn(heddle::context& ctx) : module(ctx) {
        for (int i = 0; i < 60'000 && !heddle::test::latch::wait("declared enough", std::chrono::milliseconds(1));
             ++i) {
            provide<&BadDeclaresOn::speak>("speak" + std::to_string(i));
        }
    }

private:
    std::uint64_t speak() { return 1; }
};

HEDDLE_PLUGIN(BadDeclaresOn, "bad_declares_on", "1.0.0", "Declares functions for longer than it may")

}  // namespace
