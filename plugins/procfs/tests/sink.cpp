// Stands in for stats in tests: counts what it is given, and refuses it when told to.
#include <cstdint>
#include <heddle/heddle.hpp>
#include <stdexcept>

namespace {

class Sink : public heddle::module {
public:
    explicit Sink(heddle::context& ctx) : module(ctx) {
        provide<&Sink::observe>("observe");
        provide<&Sink::taken>("taken");
        provide<&Sink::refuse>("refuse");
    }

private:
    void observe(std::string_view /*series*/, double /*value*/) {
        ++(refuses_ ? refused_ : taken_);
        if (refuses_)
            throw std::runtime_error("the sink is full");
    }
    // Samples taken while it takes them, or refused while it refuses them.
    std::uint64_t taken() { return refuses_ ? refused_ : taken_; }
    void refuse(bool refuses) { refuses_ = refuses; }

    bool refuses_ = false;
    std::uint64_t taken_ = 0;
    std::uint64_t refused_ = 0;
};

}  // namespace

HEDDLE_PLUGIN(Sink, "sink", "1.0.0", "Stands in for stats in tests")
