// sdk_probe: a plugin with all that tends to leave a library by accident: unique symbols, templates of the standard
// library, functions that nobody said were private.
#include <functional>
#include <heddle/heddle.hpp>
#include <regex>

template <class T>
struct Shared {
    static inline int count = 0;  // a unique symbol where they are not turned off
};

inline int& once() {
    static int kept = 0;  // likewise
    return kept;
}

int not_static(const std::string& text) {
    return std::regex_match(text, std::regex("a+")) ? ++Shared<int>::count : ++once();
}

class SdkProbe : public heddle::module {
public:
    explicit SdkProbe(heddle::context& ctx) : module(ctx) {
        provide(
            "try", [](const std::string& text) { return not_static(text); }, heddle::concurrent);
    }
};

HEDDLE_PLUGIN(SdkProbe, "sdk_probe", "1.0.0", "Has all that tends to leave a library by accident")
