// Stands in for stats in tests: a series has the figure it was last given, in every statistic.
#include <heddle/heddle.hpp>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "summary.hpp"

namespace {

using alerts::Summary;

struct FiguresConfig {
    bool series = true;  // false: a stats without stats.series
};
BOOST_DESCRIBE_STRUCT(FiguresConfig, (), (series))

class Figures : public heddle::module {
public:
    using Config = FiguresConfig;

    Figures(heddle::context& ctx, const Config& config) : module(ctx) {
        provide<&Figures::summary>("summary");
        if (config.series) {
            provide<&Figures::series>("series");
        }
        provide<&Figures::set>("set");
        provide<&Figures::drop>("drop");
        provide<&Figures::fail>("fail");
    }

private:
    Summary summary(std::string_view name) {
        if (fails_) {
            throw std::runtime_error("the figures are lost");
        }
        const auto found = values_.find(std::string(name));
        if (found == values_.end()) {
            return {};
        }
        const double value = found->second;
        return {value, value, value, value, value, value, value, value, 1};
    }
    std::vector<std::string> series() {
        std::vector<std::string> names;
        for (const auto& [name, value] : values_) {
            names.push_back(name);
        }
        return names;
    }
    void set(std::string_view name, double value) { values_[std::string(name)] = value; }
    void drop(std::string_view name) { values_.erase(std::string(name)); }
    void fail(bool fails) { fails_ = fails; }

    std::map<std::string, double> values_;
    bool fails_ = false;
};

}  // namespace

HEDDLE_PLUGIN(Figures, "figures", "1.0.0", "Stands in for stats in tests")
