// Every module really has a thread of its own, with its name and what the configuration says of it: asked of the
// kernel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>

#include <fstream>
#include <sstream>

#include "heddle_run.hpp"

namespace {

using namespace heddle::test;

pid_t thread_called(const Program& program, const std::string& name) {
    for (const ThreadInfo& one : threads_of(program.pid())) {
        if (one.name == name) {
            return one.id;
        }
    }
    return 0;
}

std::string task_file(const Program& program, const std::string& thread, const std::string& file) {
    return read_file("/proc/" + std::to_string(program.pid()) + "/task/" +
                     std::to_string(thread_called(program, thread)) + "/" + file);
}

// A field of /proc/PID/stat as proc(5) counts them; the name (2) may hold spaces.
long stat_field(const Program& program, const std::string& thread, int field) {
    const std::string stat = task_file(program, thread, "stat");
    std::istringstream after_name(stat.substr(stat.rfind(')') + 2));
    std::string text;
    for (int at = 3; at <= field; ++at) {
        after_name >> text;
    }
    return std::stol(text);
}
constexpr int nice_field = 19;
constexpr int policy_field = 41;

std::string allowed_cpus(const Program& program, const std::string& thread) {
    std::istringstream status(task_file(program, thread, "status"));
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("Cpus_allowed_list:\t")) {
            return line.substr(19);
        }
    }
    return {};
}

// A CPU that this machine lets us use.
std::string some_cpu() {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    int last = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        last = CPU_ISSET(cpu, &set) ? cpu : last;
    }
    return std::to_string(last);
}

TEST(Threads, AreOnePerModuleAndCarryItsName) {
    const Workplace here(
        "modules:\n  - {name: alpha, plugin: node}\n  - {name: beta, plugin: node}\n"
        "  - {name: a-rather-long-module-name, plugin: node}\n  - {name: off, plugin: node, enabled: false}\n");
    Program heddle(here.command({std::string(talkative)}, {"node"}), here.options());
    ASSERT_TRUE(heddle.wait_for_output(running("alpha")) && heddle.wait_for_output(running("beta")) &&
                heddle.wait_for_output(running("a-rather-long-module-name")))
        << heddle.text();
    const auto names = thread_names_of(heddle.pid());
    for (const char* const name : {"alpha", "beta", "a-rather-long-m", "host", "heddle-control", "heddle-signals"}) {
        EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
    }
    EXPECT_THAT(names, testing::Not(testing::Contains("off")));
    heddle.send_signal(SIGTERM);
    EXPECT_EQ(heddle.wait().exit_code, 0);
}

TEST(Threads, RunWhereAndHowTheConfigurationSays) {
    const std::string cpu = some_cpu();
    const Workplace here(
        "modules:\n  - {name: plain, plugin: node}\n  - {name: pinned, plugin: node, thread: {cpus: [" + cpu +
        "]}}\n"
        "  - {name: gentle, plugin: node, thread: {priority: 5}}\n"
        "  - {name: batch, plugin: node, thread: {policy: batch, priority: 3}}\n"
        "  - {name: idle, plugin: node, thread: {policy: idle}}\n"
        "  - {name: yields, plugin: node, thread: {idle: yield}}\n");
    Program heddle(here.command({std::string(talkative)}, {"node"}), here.options());
    for (const char* const name : {"plain", "pinned", "gentle", "batch", "idle", "yields"}) {
        ASSERT_TRUE(heddle.wait_for_output(running(name))) << heddle.text();
    }
    EXPECT_EQ(allowed_cpus(heddle, "pinned"), cpu);
    EXPECT_EQ(allowed_cpus(heddle, "plain"), allowed_cpus(heddle, "heddle-control"));
    EXPECT_EQ(stat_field(heddle, "plain", nice_field), stat_field(heddle, "heddle-control", nice_field));
    EXPECT_EQ(stat_field(heddle, "gentle", nice_field), 5);
    EXPECT_EQ(stat_field(heddle, "batch", nice_field), 3);
    EXPECT_EQ(stat_field(heddle, "plain", policy_field), SCHED_OTHER);
    EXPECT_EQ(stat_field(heddle, "batch", policy_field), SCHED_BATCH);
    EXPECT_EQ(stat_field(heddle, "idle", policy_field), SCHED_IDLE);
    heddle.send_signal(SIGTERM);
    const ProgramResult result = heddle.wait();
    EXPECT_EQ(result.exit_code, 0) << result;
    EXPECT_EQ(result.err.find("it runs without"), std::string::npos) << result;
}

TEST(Threads, AreGoneWithTheirModules) {
    // The meddler stops `node` as soon as it runs.
    const Workplace here("modules: [{name: meddler, config: {stops: node}}, {name: node}]\n");
    Program heddle(here.command({std::string(talkative)}, {"meddler", "node"}), here.options());
    ASSERT_TRUE(heddle.wait_for_output(running("meddler"))) << heddle.text();
    EXPECT_TRUE(wait_until([&] { return thread_called(heddle, "node") == 0; }, std::chrono::seconds(60)));
    EXPECT_NE(thread_called(heddle, "meddler"), 0);
    EXPECT_TRUE(wait_until([&] { return !has_mapped(heddle.pid(), "/node.so"); }, std::chrono::seconds(60)));
    heddle.send_signal(SIGTERM);
    EXPECT_EQ(heddle.wait().exit_code, 0);
}

}  // namespace
