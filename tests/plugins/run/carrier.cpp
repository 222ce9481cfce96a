// carrier: a module that sends to the modules of `box` from its own thread.
#include <heddle/heddle.hpp>
#include <memory>

#include "run/box_sender.hpp"

namespace {

using namespace heddle::test;

struct CarrierConfig {
    std::uint32_t sender = 0;
    std::uint64_t seed = 0;
};
BOOST_DESCRIBE_STRUCT(CarrierConfig, (), (sender, seed))

class Carrier : public heddle::module {
public:
    using Config = CarrierConfig;

    Carrier(heddle::context& ctx, const Config& config) : module(ctx) {
        const auto function_of = [this]<class Sig>(const std::string& name) {
            return heddle::function<Sig>(*this, name, heddle::optional);
        };
        for (std::size_t box = 0; box < 3; ++box) {
            senders_.push_back(std::make_unique<BoxSender>(
                box, config.sender, config.seed + std::size_t{7} * config.sender + box, function_of));
        }
        provide<&Carrier::carry>("carry", heddle::queued);
        provide<&Carrier::finish>("finish", heddle::queued);
    }

private:
    std::uint64_t carry(std::uint64_t messages) {
        for (std::uint64_t i = 0; i < messages; ++i) {
            senders_.at(i % senders_.size())->send();
        }
        return messages;
    }
    void finish() {
        for (const auto& sender : senders_) {
            sender->finish();
        }
    }

    std::vector<std::unique_ptr<BoxSender>> senders_;
};

}  // namespace

HEDDLE_PLUGIN(Carrier, "carrier", "1.0.0", "For tests of messages under stress")
