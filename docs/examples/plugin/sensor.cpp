#include <heddle/heddle.hpp>

class Sensor : public heddle::module {
public:
    explicit Sensor(heddle::context& ctx) : module(ctx) {
        every(std::chrono::seconds(1), [this] { changed_(celsius_ += 0.25); });  // calls all subscribers
    }

private:
    double celsius_ = 20;
    heddle::event<double> changed_{*this, "changed"};  // others subscribe to sensor.changed
};
HEDDLE_PLUGIN(Sensor, "sensor", "1.0.0", "Tells how warm it is")
