// The wire: sections: a name that is called -> the function that serves it.
#include "config/wires.hpp"

#include <gtest/gtest.h>

#include "reading.hpp"

namespace heddle::config {
namespace {

TEST(Wires, OfAModuleGoBeforeTheGlobalOnes) {
    const auto read = settings(
        "modules:\n"
        "- {name: stats, wire: {storage.write: memory.write}}\n"
        "- {name: alerts}\n"
        "wire:\n"
        "  storage.write: sqlite.write\n");
    ASSERT_TRUE(read);
    const Wire* own = read->wire_for(read->modules[0], "storage.write");
    const Wire* global = read->wire_for(read->modules[1], "storage.write");
    ASSERT_NE(own, nullptr);
    ASSERT_NE(global, nullptr);
    EXPECT_EQ(own->target, "memory.write");
    EXPECT_EQ(global->target, "sqlite.write");
    EXPECT_EQ(global->name_place, (Place{5, 3}));
    EXPECT_EQ(global->target_place, (Place{5, 18}));
    EXPECT_EQ(read->wire_for(read->modules[1], "stats.observe"), nullptr);
}

TEST(Wires, AreBetweenFunctionNames) {
    for (const char* name : {"a.b", "a.b.c", "cpu-0.x_y", "0.1"}) {
        EXPECT_TRUE(is_function_name(name)) << name;
    }
    for (const char* name : {"", "a", ".", "a.", ".a", "a..b", "A.b", "a.b ", "a/b.c", "a.b."}) {
        EXPECT_FALSE(is_function_name(name)) << name;
    }
    const std::string rule =
        " is no function name (expected module.function, such as storage.write, of a-z, 0-9, _ and -)\n";
    EXPECT_EQ(problems("wire:\n  storage: sqlite.write\n  a.b: Sqlite.write\n"),
              "config.yaml:2:3: 'storage'" + rule + "config.yaml:3:8: 'Sqlite.write'" + rule);
    EXPECT_EQ(problems("wire: {a.b: [c.d], e.f: }\n"),
              "config.yaml:1:13: 'a.b' must be wired to the name of a function, found a list\n"
              "config.yaml:1:25: 'e.f' must be wired to the name of a function, found nothing\n");
    EXPECT_EQ(problems("modules: [{name: m, wire: {a.b: {}}}]\n"),
              "config.yaml:1:33: 'a.b' for module 'm' must be wired to the name of a function, found a map\n");
}

TEST(Wires, LeadStraightToAFunction) {
    EXPECT_EQ(
        problems("wire:\n  a.x: b.x\n  b.x: c.x\n  c.x: d.x\n"),
        "config.yaml:2:8: 'a.x' is wired to 'b.x', which is itself wired to 'c.x' (wire 'a.x' to 'd.x' directly)\n"
        "config.yaml:3:8: 'b.x' is wired to 'c.x', which is itself wired to 'd.x' (wire 'b.x' to 'd.x' directly)\n");
    EXPECT_EQ(problems("wire: {a.x: d.x, b.x: d.x}\n"), "");
}

TEST(Wires, DoNotGoInCircles) {
    EXPECT_EQ(problems("wire: {a.x: a.x}\n"), "config.yaml:1:13: 'a.x' is wired to itself (remove the wire)\n");
    EXPECT_EQ(
        problems("wire:\n  a.x: b.x\n  b.x: c.x\n  c.x: a.x\n"),
        "config.yaml:2:8: the wires go round in a circle: a.x -> b.x -> c.x -> a.x (wire each name to the function "
        "that serves it)\n");
    EXPECT_EQ(
        problems("wire:\n  z.x: a.x\n  a.x: b.x\n  b.x: a.x\n"),
        "config.yaml:2:8: 'z.x' is wired to 'a.x', which is itself wired to 'b.x' (wire 'z.x' to the function that "
        "serves it)\n"
        "config.yaml:3:8: the wires go round in a circle: a.x -> b.x -> a.x (wire each name to the function that "
        "serves it)\n");
}

TEST(Wires, OfAModuleAreCheckedTogetherWithTheGlobalOnes) {
    EXPECT_EQ(
        problems("modules: [{name: m, wire: {a.x: b.x}}]\nwire: {b.x: c.x}\n"),
        "config.yaml:1:33: 'a.x' for module 'm' is wired to 'b.x', which is itself wired to 'c.x' (wire 'a.x' to 'c.x' "
        "directly)\n");
    EXPECT_EQ(
        problems("modules: [{name: m, wire: {b.x: c.x}}]\nwire: {a.x: b.x}\n"),
        "config.yaml:1:33: 'a.x' for module 'm' is wired to 'b.x', which is itself wired to 'c.x' (wire 'a.x' to 'c.x' "
        "directly)\n");
    EXPECT_EQ(
        problems("modules: [{name: m, wire: {b.x: a.x}}]\nwire: {a.x: b.x}\n"),
        "config.yaml:1:33: the wires for module 'm' go round in a circle: b.x -> a.x -> b.x (wire each name to the "
        "function that serves it)\n");
    EXPECT_EQ(problems("modules: [{name: m, wire: {a.x: d.x, b.x: d.x}}]\nwire: {a.x: b.x}\n"), "")
        << "an own wire for a.x leaves the global one out";
}

TEST(Wires, InALongLineAreReadInReasonableTime) {
    std::string text = "wire:\n";
    for (int i = 0; i < 30'000; ++i) {
        text += "  m.f" + std::to_string(i) + ": m.f" + std::to_string((i + 1) % 30'000) + '\n';
    }
    EXPECT_EQ(parse(text, "config.yaml", "", environment()).problems.size(), 30'000U);
}

}  // namespace
}  // namespace heddle::config
