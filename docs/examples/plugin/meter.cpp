#include <heddle/heddle.hpp>

class Meter : public heddle::module {
public:
    explicit Meter(heddle::context& ctx) : module(ctx) {
        provide<&Meter::measure>("measure");                   // other modules call meter.measure
        every(std::chrono::hours(1), [this] { total_ = 0; });  // on this module's own thread
    }

private:
    double measure(double amount) {  // exclusive, the default: never two threads in here at once
        total_ += amount;
        if (observe_) {
            observe_("meter.total", total_);  // a call into another module, as fast as a function pointer
        }
        return total_;
    }
    double total_ = 0;
    heddle::function<void(std::string_view, double)> observe_{*this, "stats.observe", heddle::optional};
};
HEDDLE_PLUGIN(Meter, "meter", "1.0.0", "Adds up what it is told")
