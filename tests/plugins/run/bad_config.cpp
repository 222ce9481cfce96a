// bad_config: wants a configuration that it refuses unless it is exactly so.
#include <heddle/heddle.hpp>
#include <string>

namespace {

struct BadConfigConfig {
    std::chrono::seconds window{60};
    std::uint16_t port = 80;
    std::string colour = "red";
    void check(heddle::config_problems& problems) const {
        if (colour != "red" && colour != "green") {
            problems.at("colour", "must be red or green");
        }
    }
};
BOOST_DESCRIBE_STRUCT(BadConfigConfig, (), (window, port, colour))

class BadConfig : public heddle::module {
public:
    using Config = BadConfigConfig;
    BadConfig(heddle::context& ctx, const Config& /*config*/) : module(ctx) {}
};

HEDDLE_PLUGIN(BadConfig, "bad_config", "1.0.0", "Is particular about its configuration")

}  // namespace
