// Stands in for stats in tests: a series has the figure it was last given, in every statistic.
#include <cstdint>
#include <heddle/heddle.hpp>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Summary {
    double last, mean, min, max, p50, p90, p99, rate;
    std::uint64_t count;
};
BOOST_DESCRIBE_STRUCT(Summary, (), (last, mean, min, max, p50, p90, p99, rate, count))

class Figures : public heddle::module {
public:
    explicit Figures(heddle::context& ctx) : module(ctx) {
        provide<&Figures::summary>("summary");
        provide<&Figures::series>("series");
        provide<&Figures::set>("set");
        provide<&Figures::fail>("fail");
    }

private:
    Summary summary(std::string_view name) {
        if (fails_)
            throw std::runtime_error("the figures are lost");
        const auto found = values_.find(name);
        if (found == values_.end())
            return {};
        const double value = found->second;
        return {value, value, value, value, value, value, value, value, 1};
    }
    std::vector<std::string> series() {
        std::vector<std::string> names;
        for (const auto& [name, value] : values_)
            names.push_back(name);
        return names;
    }
    void set(std::string_view name, double value) { values_[std::string(name)] = value; }
    void fail(bool fails) { fails_ = fails; }

    std::map<std::string, double, std::less<>> values_;
    bool fails_ = false;
};

}  // namespace

HEDDLE_PLUGIN(Figures, "figures", "1.0.0", "Stands in for stats in tests")
