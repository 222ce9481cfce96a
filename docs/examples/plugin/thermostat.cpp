#include <heddle/heddle.hpp>

class Thermostat : public heddle::module {
public:
    explicit Thermostat(heddle::context& ctx) : module(ctx) {
        temperature_ = subscribe<&Thermostat::on_change>("sensor.changed", heddle::queued);
        alarm_ = subscribe(
            "fire.alarm", [this](std::string_view where) { log().warn("fire at {}", where); }, heddle::optional);
    }

private:
    void on_change(double celsius) {  // queued: on this module's own thread
        if (celsius > 22) {
            log().info("warm enough at {} degrees", celsius);
            temperature_.reset();  // hears no more of it
        }
    }
    heddle::subscription temperature_;  // ends with this object
    heddle::subscription alarm_;
};
HEDDLE_PLUGIN(Thermostat, "thermostat", "1.0.0", "Listens to how warm it is")
