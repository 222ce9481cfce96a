// A storage for tests: keeps what it is given, and fails when told to.
#include "ledger.hpp"

#include <heddle/heddle.hpp>
#include <stdexcept>
#include <vector>

namespace {

class Ledger : public heddle::module {
public:
    explicit Ledger(heddle::context& ctx) : module(ctx) {
        provide<&Ledger::write>("write");
        provide<&Ledger::entries>("entries");
        provide<&Ledger::fail>("fail");
    }

private:
    void write(std::string_view series, std::int64_t time_ns, double value) {
        if (fails_) {
            throw std::runtime_error("the disk is full");
        }
        entries_.push_back({std::string(series), time_ns, value});
    }
    std::vector<Entry> entries() { return entries_; }
    void fail(bool fails) { fails_ = fails; }

    std::vector<Entry> entries_;
    bool fails_ = false;
};

}  // namespace

HEDDLE_PLUGIN(Ledger, "ledger", "1.0.0", "A storage for tests")
