#include <heddle/heddle.hpp>

using namespace std::chrono_literals;

class Forecast : public heddle::module {
public:
    explicit Forecast(heddle::context& ctx) : module(ctx) {
        provide<&Forecast::mean>("mean", heddle::queued);  // other modules call a double(str)
    }
    void start() override { spawn(watch_harbour()); }

private:
    heddle::task<double> mean(std::string_view town) {
        heddle::future<double> one = north_.async(town);  // both at once
        heddle::future<double> other = south_.async(town);
        co_return (co_await one + co_await other) / 2;  // the module serves others until the answers are there
    }
    heddle::task<double> patient_mean(std::string_view town) {
        for (auto pause = 10ms;; pause *= 2) {
            try {
                co_return co_await mean(town);  // a task can be made of tasks
            } catch (const heddle::unavailable&) {
                if (pause > 1s) {
                    throw;
                }
            }
            co_await sleep(pause);
        }
    }
    heddle::task<> watch_harbour() {
        for (;; co_await sleep(1min)) {
            if (co_await patient_mean("harbour") < 0) {
                log().warn("the harbour freezes");
            }
        }
    }

    heddle::function<double(std::string_view)> north_{*this, "north.temperature"};
    heddle::function<double(std::string_view)> south_{*this, "south.temperature"};
};
HEDDLE_PLUGIN(Forecast, "forecast", "1.0.0", "Asks two stations at once")
