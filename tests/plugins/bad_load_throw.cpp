// A static initialiser that throws: there is nobody to catch it, so the process is terminated.
#include <heddle/heddle.hpp>
#include <stdexcept>
#include <string>

namespace bad_load_throw {

class Module : public heddle::module {
public:
    explicit Module(heddle::context& ctx) : module(ctx) {}
};

std::string read_at_load() {
    throw std::runtime_error("the file it wants at load is not there");
}

const std::string at_load = read_at_load();

}  // namespace bad_load_throw

HEDDLE_PLUGIN(bad_load_throw::Module, "bad_load_throw", "1.0.0", "Throws while it is loaded")
