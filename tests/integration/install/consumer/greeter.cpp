// A plugin that sees only the installed SDK: says that it is there, and greets who calls it.
#include <heddle/heddle.hpp>
#include <string>
#include <string_view>

class Greeter : public heddle::module {
public:
    explicit Greeter(heddle::context& context) : module(context) { provide<&Greeter::greet>("greet"); }
    void start() override { log().info("hello from {}", "outside"); }

private:
    std::string greet(std::string_view name) { return "hello, " + std::string(name); }
};
HEDDLE_PLUGIN(Greeter, "greeter", "3.1.4", "Greets who calls it")
