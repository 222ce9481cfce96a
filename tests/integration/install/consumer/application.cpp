// An application that embeds the installed host and calls the plugin's function: application PLUGIN_DIRECTORY
#include <heddle/host.hpp>
#include <iostream>
#include <string>
#include <string_view>

int main(int argc, char** argv) {
    if (argc != 2) {
        return 2;
    }
    heddle::host_options options;
    options.plugins = {argv[1]};
    heddle::host host(options);
    for (const heddle::problem& problem : host.start().problems) {
        std::cerr << problem.subject << ": " << problem.text << '\n';
        return 1;
    }
    auto greet = host.function<std::string(std::string_view)>("greeter.greet");
    std::cout << greet("application") << '\n';
    return 0;
}
