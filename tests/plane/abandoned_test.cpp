// A host may go while a thread of the application is still inside of a module that was left behind.
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "heddle_test/live_host.hpp"
#include "heddle_test/support.hpp"
#include "plane/links.hpp"
#include "plane/threads.hpp"

namespace {

using namespace heddle::test;

using Wait = bool(std::string_view);

TEST(Host, ThatGoesLeavesWhatACallOfTheApplicationStillNeeds) {
    const TempDir folder;
    heddle::host_options options;
    options.plugins = {own_copy(folder, "node")};
    options.config_text = "host: {preflight: false, drain_timeout: 50ms}\nmodules: [{name: node}]\n";
    options.log_to_stderr = false;
    auto host = std::make_unique<heddle::host>(std::move(options));
    ASSERT_TRUE(host->start().empty());
    bool returned = false;
    std::thread caller([&, wait = host->function<Wait>("node.wait")] { returned = wait("long call"); });
    ASSERT_TRUE(latch::wait_for_arrivals("long call", 1));
    host.reset();

    // Whoever looks at the stacks of all threads now, such as another host, meets the call.
    std::string inside;
    heddle::plane::threads().each([&](heddle::plane::ThreadRecord& thread) {
        for (const heddle_link* link : heddle::plane::links_of(thread)) {
            inside += heddle::plane::LinkRecord::of(link).wanted;
        }
    });
    EXPECT_EQ(inside, "node.wait");
    latch::open("long call");
    caller.join();
    EXPECT_TRUE(returned);
    latch::release_all();
}

}  // namespace
