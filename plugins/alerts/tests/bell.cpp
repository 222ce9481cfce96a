// A notifier for tests: keeps what it is told, and fails when told to.
#include <heddle/heddle.hpp>
#include <stdexcept>
#include <vector>

#include "ring.hpp"

namespace {

class Bell : public heddle::module {
public:
    explicit Bell(heddle::context& ctx) : module(ctx) {
        provide<&Bell::alert>("alert");
        provide<&Bell::rings>("rings");
        provide<&Bell::fail>("fail");
    }

private:
    void alert(std::string_view rule, bool raised, double value, std::string_view message, std::int64_t time_ns) {
        if (fails_) {
            throw std::runtime_error("the bell is broken");
        }
        rings_.push_back({std::string(rule), raised, value, std::string(message), time_ns});
    }
    std::vector<Ring> rings() { return rings_; }
    void fail(bool fails) { fails_ = fails; }

    std::vector<Ring> rings_;
    bool fails_ = false;
};

}  // namespace

HEDDLE_PLUGIN(Bell, "bell", "1.0.0", "A notifier for tests")
