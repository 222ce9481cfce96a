// box: a module whose functions write down what they are given, four for each way to send to it (box_sender.hpp).
#include <chrono>
#include <heddle/heddle.hpp>
#include <string_view>
#include <utility>

#include "run/box_sender.hpp"

namespace {

using namespace heddle::test;

struct BoxConfig {
    std::uint32_t number = 0;
};
BOOST_DESCRIBE_STRUCT(BoxConfig, (), (number))

class Box : public heddle::module {
public:
    using Config = BoxConfig;

    Box(heddle::context& ctx, const Config& config) : module(ctx), number_(config.number) {
        provide_all(std::make_index_sequence<ledger::kinds>());
    }

private:
    template <std::size_t... Kinds>
    void provide_all(std::index_sequence<Kinds...> /*kinds*/) {
        (provide_one<Kinds>(), ...);
    }
    template <std::size_t Kind>
    void provide_one() {
        if constexpr (Kind % 4 == 0) {
            provide_as<Kind>(heddle::queued);
        } else if constexpr (Kind % 4 == 1) {
            provide_as<Kind>(heddle::queued.or_fail());
        } else if constexpr (Kind % 4 == 2) {
            provide_as<Kind>(heddle::queued.or_drop_newest());
        } else {
            provide_as<Kind>(heddle::queued.or_drop_oldest());
        }
    }
    template <std::size_t Kind, class Policy>
    void provide_as(Policy policy) {
        if constexpr (Kind < first_with_view) {
            provide<&Box::put<Kind>>(box_function(Kind), policy);
        } else {
            provide<&Box::put_text<Kind>>(box_function(Kind), policy);
        }
    }

    template <std::size_t Kind>
    std::uint64_t put(std::uint32_t sender, std::uint64_t number) {
        ledger::write(number_, sender, number, Kind);
        if (number % 64 == 0) {  // now and then longer than a sender's patience
            const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
            while (std::chrono::steady_clock::now() < end) {
            }
        }
        return box_answer(number, 0);
    }
    template <std::size_t Kind>
    std::uint64_t put_text(std::uint32_t sender, std::uint64_t number, std::string_view text) {
        return put<Kind>(sender, number) + text.size();
    }

    const std::size_t number_;
};

}  // namespace

HEDDLE_PLUGIN(Box, "box", "1.0.0", "For tests of messages under stress")
