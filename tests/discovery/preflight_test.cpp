// Trial loads: real plugins by the real helper, and the host's side of it with helpers made of shell scripts.
#include "discovery/preflight.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>

#include "discovery/scan.hpp"
#include "plugin_files.hpp"

namespace heddle::discovery {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::SizeIs;
namespace fs = std::filesystem;

fs::path real_helper() {
    return test::bin_dir() / "heddle-preflight";
}

PluginFile found(const fs::path& path) {
    const Inspection inspection = inspect(path);
    if (const auto* refusal = std::get_if<Refusal>(&inspection)) {
        throw std::runtime_error(refusal->text);
    }
    return std::get<PluginFile>(inspection);
}

// Whether the process with that folder in /proc has ended, reaped or not.
bool is_gone(const fs::path& process) {
    std::error_code error;
    static_cast<void>(fs::read_symlink(process / "exe", error));
    return static_cast<bool>(error);
}

// The way out that refusals of crashes and hangs name.
std::string debugger(const std::string& plugin) {
    return "; see where with: gdb --args " + real_helper().string() + " " + plugin_file(plugin).string();
}

class PreflightTest : public ::testing::Test {
protected:
    PreflightOptions options() const {
        PreflightOptions options;
        options.helper = real_helper();
        options.memory = folder_ / "memory";
        options.timeout = 60s;
        return options;
    }

    Verdict verdict_on(const std::string& plugin) const { return verdict_on(plugin, options()); }
    static Verdict verdict_on(const std::string& plugin, const PreflightOptions& options) {
        const std::array files{found(plugin_file(plugin))};
        return Preflight(options).run(files).at(0);
    }

    // A helper that runs the script with the plugin's path as $1 and the report's descriptor as $2.
    PreflightOptions with_script(const std::string& script) const {
        PreflightOptions options = this->options();
        options.helper = folder_.write("helper", "#!/bin/sh\n" + script);
        fs::permissions(options.helper, fs::perms::owner_all);
        return options;
    }

    static void expect_no_child_left() {
        EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
        EXPECT_EQ(errno, ECHILD);
    }

    test::TempDir folder_;
};

#define EXPECT_VERDICT(verdict, why, plugin, message)                        \
    do {                                                                     \
        const Verdict given = verdict;                                       \
        ASSERT_TRUE(given.refusal.has_value());                              \
        EXPECT_EQ(given.refusal->reason, why);                               \
        EXPECT_EQ(given.refusal->text, about(plugin_file(plugin), message)); \
    } while (false)

// ---- real plugins, the real helper ----------------------------------------------------------------------------

TEST_F(PreflightTest, PassesAGoodPlugin) {
    const Verdict verdict = verdict_on("good_c");
    EXPECT_TRUE(verdict.passed()) << verdict.refusal->text;
    EXPECT_FALSE(verdict.remembered);
    EXPECT_EQ(verdict.output, "");
    expect_no_child_left();
}

TEST_F(PreflightTest, RefusesAPluginWithAMissingSymbolInTheLoadersWords) {
    EXPECT_VERDICT(verdict_on("bad_missing_symbol"), Reason::cannot_load, "bad_missing_symbol",
                   "cannot be loaded: undefined symbol: heddle_test_nobody_defines_this; link it to the library that "
                   "defines it, or rebuild it with heddle_add_plugin, which finds that early");
}

TEST_F(PreflightTest, SurvivesAPluginThatCrashesWhileItIsLoaded) {
    EXPECT_VERDICT(verdict_on("bad_load_crash"), Reason::crashed, "bad_load_crash",
                   "crashed while it was loaded (SIGSEGV)" + debugger("bad_load_crash"));
}

TEST_F(PreflightTest, SurvivesAPluginThatCrashesWhileItIsUnloaded) {
    EXPECT_VERDICT(verdict_on("bad_unload_crash"), Reason::crashed, "bad_unload_crash",
                   "crashed while it was unloaded (SIGBUS)" + debugger("bad_unload_crash"));
}

TEST_F(PreflightTest, SurvivesAPluginThatThrowsWhileItIsLoadedAndQuotesIt) {
    const Verdict verdict = verdict_on("bad_load_throw");
    ASSERT_FALSE(verdict.passed());
    EXPECT_EQ(verdict.refusal->reason, Reason::crashed);
    EXPECT_EQ(verdict.refusal->text,
              about(plugin_file("bad_load_throw"),
                    "crashed while it was loaded (SIGABRT)" + debugger("bad_load_throw") +
                        "; its last output: 'terminate called after throwing an instance of 'std::runtime_error'' / "
                        "'  what():  the file it wants at load is not there'"));
}

TEST_F(PreflightTest, SurvivesAPluginThatExitsWhileItIsLoaded) {
    EXPECT_VERDICT(verdict_on("bad_load_exit"), Reason::exited, "bad_load_exit",
                   "called exit(3) while it was loaded; a plugin must not end the process it is in: look at its static "
                   "initialisers and destructors");
}

TEST_F(PreflightTest, EndsAPluginThatHangsWhileItIsLoaded) {
    PreflightOptions options = this->options();
    options.timeout = 2500ms;
    EXPECT_VERDICT(verdict_on("bad_load_hang", options), Reason::timed_out, "bad_load_hang",
                   "did not finish loading within 2500 ms" + debugger("bad_load_hang") +
                       "; its last output: 'waiting for something that never comes'");
    expect_no_child_left();
}

TEST_F(PreflightTest, PassesANoisyPluginAndKeepsTheEndOfItsNoise) {
    const Verdict verdict = verdict_on("odd_noisy");
    EXPECT_TRUE(verdict.passed()) << verdict.refusal->text;
    EXPECT_LE(verdict.output.size(), 8192U);
    EXPECT_THAT(verdict.output, EndsWith("\\x1b[2J\\x1b[31mline 16383 of what nobody asked for, on and on\\x07\n"));
}

TEST_F(PreflightTest, MovesWhatItRefusesToTheRefusalsOfAScan) {
    const fs::path plugins = folder_ / "plugins";
    fs::create_directory(plugins);
    for (const char* name : {"bad_load_exit", "good_c", "bad_no_section", "odd_noisy"}) {
        fs::copy_file(plugin_file(name), plugins / (std::string(name) + ".so"));
    }
    Scan result = scan(std::array{plugins});
    ASSERT_THAT(result.plugins, SizeIs(3));
    Preflight trials(options());
    preflight(result, trials);
    ASSERT_THAT(result.plugins, SizeIs(2));
    EXPECT_EQ(result.plugins[0].name, "good_c");
    EXPECT_EQ(result.plugins[1].name, "odd_noisy");
    ASSERT_THAT(result.refused, SizeIs(2));
    EXPECT_EQ(result.refused[0].reason, Reason::no_section);
    EXPECT_EQ(result.refused[1].reason, Reason::exited);
}

// ---- what is remembered ---------------------------------------------------------------------------------------

TEST_F(PreflightTest, RemembersThatAFilePassed) {
    EXPECT_FALSE(verdict_on("good_c").remembered);
    const Verdict again = verdict_on("good_c");
    EXPECT_TRUE(again.remembered);
    EXPECT_TRUE(again.passed());
}

TEST_F(PreflightTest, NeverRemembersARefusal) {
    EXPECT_FALSE(verdict_on("bad_load_exit").passed());
    const Verdict again = verdict_on("bad_load_exit");
    EXPECT_FALSE(again.remembered);
    EXPECT_FALSE(again.passed());
}

TEST_F(PreflightTest, TriesAFileAgainWhenItsContentsChange) {
    EXPECT_TRUE(verdict_on("good_c").passed());
    std::string bytes = good_bytes();
    const std::array copies{found(folder_.write("copy.so", bytes)), found(folder_.write("changed.so", bytes + "x"))};
    const std::vector<Verdict> verdicts = Preflight(options()).run(copies);
    EXPECT_TRUE(verdicts[0].remembered);
    EXPECT_FALSE(verdicts[1].remembered);
    EXPECT_TRUE(verdicts[1].passed());
}

TEST_F(PreflightTest, TriesAFileAgainWithAnotherHelper) {
    const std::string pass = "printf 'loading\\nunloading\\nok\\n' >&$2\n";
    EXPECT_TRUE(verdict_on("good_c", with_script(pass)).passed());
    EXPECT_TRUE(verdict_on("good_c", with_script(pass)).remembered);
    EXPECT_FALSE(verdict_on("good_c", with_script(pass + "# rebuilt\n")).remembered);
}

TEST_F(PreflightTest, WarnsWhenItCannotRememberAndPassesNevertheless) {
    PreflightOptions options = this->options();
    options.memory = "/proc/no/such/place";
    Preflight trials(options);
    const std::array files{found(plugin_file("good_c"))};
    EXPECT_TRUE(trials.run(files).at(0).passed());
    EXPECT_THAT(
        trials.warnings(),
        ElementsAre("passed plugins are not remembered, and tried again at each start: '/proc/no/such/place' cannot "
                    "be written: No such file or directory"));
}

// ---- the host's side ------------------------------------------------------------------------------------------

TEST_F(PreflightTest, RunsSeveralAtOnceButNoMoreThanAllowed) {
    // Each one waits for two others: fewer at once, and the time runs out. A fourth one would be seen as well.
    PreflightOptions options = with_script(
        "mkdir -p \"$0.in\"; touch \"$0.in/$$\"\n"
        "while [ $(ls \"$0.in\" | wc -l) -lt 3 ]; do sleep 0.01; done\n"
        "if [ $(ls \"$0.in\" | wc -l) -gt 3 ]; then exit 1; fi\n"
        "printf 'loading\\nunloading\\nok\\n' >&$2\n");
    options.parallel = 3;
    std::vector<PluginFile> files;
    for (const char* name : {"a.so", "b.so", "c.so"}) {
        files.push_back(found(folder_.write(name, good_bytes())));
    }
    for (const Verdict& verdict : Preflight(options).run(files)) {
        EXPECT_TRUE(verdict.passed()) << verdict.refusal->text;
    }

    options = with_script(
        "mkdir \"$0.lock\" || exit 1\n"
        "sleep 0.05; rmdir \"$0.lock\"\n"
        "printf 'loading\\nunloading\\nok\\n' >&$2\n");
    options.parallel = 1;
    for (const Verdict& verdict : Preflight(options).run(files)) {
        EXPECT_TRUE(verdict.passed()) << verdict.refusal->text;
    }
}

TEST_F(PreflightTest, GivesVerdictsInTheOrderOfTheFiles) {
    const std::array files{found(plugin_file("bad_load_exit")), found(plugin_file("good_c")),
                           found(plugin_file("bad_load_crash")), found(plugin_file("odd_noisy"))};
    const std::vector<Verdict> verdicts = Preflight(options()).run(files);
    ASSERT_THAT(verdicts, SizeIs(4));
    EXPECT_EQ(verdicts[0].refusal->reason, Reason::exited);
    EXPECT_TRUE(verdicts[1].passed());
    EXPECT_EQ(verdicts[2].refusal->reason, Reason::crashed);
    EXPECT_TRUE(verdicts[3].passed());
}

TEST_F(PreflightTest, SaysWhenTheHelperItselfCannotWork) {
    const PreflightOptions options = with_script("echo 'cannot find libheddle-rt.so.1' >&2; exit 127\n");
    EXPECT_VERDICT(
        verdict_on("good_c", options), Reason::no_report, "good_c",
        "could not be tried: " + quoted(options.helper) +
            " ended with exit code 127 before it began; is its installation complete?; its last output: 'cannot "
            "find libheddle-rt.so.1'");
}

TEST_F(PreflightTest, SaysWhenTheHelperCannotBeStarted) {
    PreflightOptions options = this->options();
    options.helper = folder_.write("helper", "no program");
    fs::permissions(options.helper, fs::perms::owner_all);
    EXPECT_VERDICT(
        verdict_on("good_c", options), Reason::not_tried, "good_c",
        "could not be tried: " + quoted(options.helper) +
            " could not be started: Exec format error; free some memory or processes, or turn the trial load "
            "off with 'preflight: false'");
}

TEST_F(PreflightTest, TellsAKillFromACrash) {
    EXPECT_VERDICT(verdict_on("good_c", with_script("echo loading >&$2; kill -KILL $$\n")), Reason::crashed, "good_c",
                   "was killed while it was loaded (SIGKILL); did it run out of memory, or somebody end it?");
}

TEST_F(PreflightTest, SaysWhenAThreadThatWasLeftBehindCrashes) {
    const PreflightOptions options = with_script("printf 'loading\\nunloading\\nok\\n' >&$2; kill -SEGV $$\n");
    EXPECT_VERDICT(
        verdict_on("good_c", options), Reason::crashed, "good_c",
        "crashed after it was unloaded (SIGSEGV); did it leave a thread running?; see where with: gdb --args " +
            options.helper.string() + " " + plugin_file("good_c").string());
}

TEST_F(PreflightTest, QuotesTheLastThreeLinesWithoutTheirControlCharacters) {
    const PreflightOptions options = with_script(
        "echo loading >&$2; echo one; echo; echo two >&2; printf '\\033[2J\\n'; "
        "printf '%0300d\\n' 7; exit 1\n");
    EXPECT_VERDICT(verdict_on("good_c", options), Reason::exited, "good_c",
                   "called exit(1) while it was loaded; a plugin must not end the process it is in: look at its static "
                   "initialisers and destructors; its last output: 'two' / '\\x1b[2J' / '" +
                       std::string(160, '0') + "'");
}

TEST_F(PreflightTest, EndsWhatAPluginStarted) {
    const PreflightOptions options =
        with_script("echo loading >&$2; sleep 1000 & echo $! >\"$0.pid\"; echo unloading >&$2; echo ok >&$2\n");
    EXPECT_TRUE(verdict_on("good_c", options).passed());
    const fs::path process = "/proc/" + std::to_string(std::stoi(test::read_file(options.helper.string() + ".pid")));
    EXPECT_TRUE(test::wait_until([&] { return is_gone(process); }));
}

TEST_F(PreflightTest, GivesTheChildNoInputAndNoneOfTheHostsDescriptors) {
    const PreflightOptions options = with_script(
        "if read line; then exit 1; fi\n"
        "ls -l /proc/$$/fd >\"$0.list\"\n"
        "printf 'loading\\nunloading\\nok\\n' >&$2\n");
    std::array<int, 2> pipe_ends{};
    ASSERT_EQ(pipe(pipe_ends.data()), 0);  // without O_CLOEXEC, as some library may leave them
    const std::string name = fs::read_symlink("/proc/self/fd/" + std::to_string(pipe_ends[0])).string();
    const Verdict verdict = verdict_on("good_c", options);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    EXPECT_TRUE(verdict.passed()) << verdict.refusal->text;
    const std::string open_there = test::read_file(options.helper.string() + ".list");
    EXPECT_THAT(open_there, testing::HasSubstr("0 -> /dev/null"));
    EXPECT_THAT(open_there, testing::Not(testing::HasSubstr("-> " + name + "\n")));
}

TEST_F(PreflightTest, StopsWhenAsked) {
    const PreflightOptions options = with_script("touch \"$0.began\"; sleep 1000\n");
    std::stop_source source;
    const std::jthread asks([&] {
        EXPECT_TRUE(test::wait_until([&] { return fs::exists(options.helper.string() + ".began"); }));
        source.request_stop();
    });
    const std::array files{found(plugin_file("good_c"))};
    const std::vector<Verdict> verdicts = Preflight(options).run(files, source.get_token());
    ASSERT_FALSE(verdicts[0].passed());
    EXPECT_EQ(verdicts[0].refusal->reason, Reason::not_tried);
    EXPECT_EQ(verdicts[0].refusal->text, about(plugin_file("good_c"), "was not tried: the host was asked to stop"));
    expect_no_child_left();
}

TEST_F(PreflightTest, WorksInAProcessThatIgnoresTheEndOfChildren) {
    struct Restore {
        ~Restore() { std::signal(SIGCHLD, SIG_DFL); }
    } const restore;
    std::signal(SIGCHLD, SIG_IGN);
    EXPECT_TRUE(verdict_on("good_c").passed());
    EXPECT_VERDICT(verdict_on("bad_load_exit"), Reason::no_report, "bad_load_exit",
                   "ended without a report while it was loaded; does this process ignore or handle SIGCHLD?");
}

TEST_F(PreflightTest, HasNothingToDoForNoFiles) {
    EXPECT_THAT(Preflight(options()).run({}), IsEmpty());
    EXPECT_FALSE(fs::exists(folder_ / "memory"));
}

// ---- the helper program ---------------------------------------------------------------------------------------

TEST(PreflightHelper, CanBeRunByHand) {
    const test::ProgramResult good = test::run_program({real_helper().string(), plugin_file("good_c").string()});
    EXPECT_EQ(good.exit_code, 0);
    EXPECT_EQ(good.out, "loading\nunloading\nok\n");
    const test::ProgramResult bad = test::run_program({real_helper().string(), plugin_file("bad_no_section").string()});
    EXPECT_EQ(bad.exit_code, 1);
    EXPECT_EQ(bad.out, "loading\nerror the function heddle_plugin_v1 is not found in it once it is loaded\n");
    EXPECT_EQ(test::run_program({real_helper().string()}).exit_code, 2);
    EXPECT_EQ(test::run_program({real_helper().string(), "x.so", "nonsense"}).exit_code, 2);
}

TEST(PreflightHelper, LeavesNoCoreFile) {
    const test::TempDir folder;
    test::ProgramOptions options;
    options.cwd = folder.path();
    const test::ProgramResult result =
        test::run_program({"/bin/sh", "-c", "ulimit -c unlimited 2>/dev/null; exec \"$0\" \"$1\" 1",
                           real_helper().string(), plugin_file("bad_load_crash").string()},
                          options);
    EXPECT_EQ(result.signal, SIGSEGV) << result;
    EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(PreflightHelper, DiesWithItsHost) {
    test::Program host({"/bin/sh", "-c", "\"$0\" \"$1\" 1 & echo \"pid $! end\"; wait", real_helper().string(),
                        plugin_file("bad_load_hang").string()});
    ASSERT_TRUE(host.wait_for_output("never comes")) << host.text();
    const std::string out = host.out();
    const fs::path helper = "/proc/" + std::to_string(std::stoi(out.substr(out.find("pid ") + 4)));
    ASSERT_TRUE(fs::exists(helper));
    host.send_signal(SIGKILL);
    EXPECT_TRUE(test::wait_until([&] { return is_gone(helper); }));
}

// ---- where things are -----------------------------------------------------------------------------------------

// Sets or unsets a variable of the environment for a scope.
class Variable {
public:
    Variable(const char* name, const char* value) : name_(name) {
        if (const char* const old = std::getenv(name)) {
            old_ = old;
        }
        set(value);
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() { set(old_ ? old_->c_str() : nullptr); }

private:
    void set(const char* value) const {
        // NOLINTNEXTLINE(concurrency-mt-unsafe): these tests have one thread
        value == nullptr ? unsetenv(name_) : setenv(name_, value, 1);
    }

    const char* name_;
    std::optional<std::string> old_;
};

class HelperEnvironment : public ::testing::Test {
    const Variable none_{"HEDDLE_PREFLIGHT", nullptr};
};

TEST_F(HelperEnvironment, FindsTheHelperOfThisBuild) {
    EXPECT_EQ(fs::canonical(find_preflight_helper(preflight_helper_folders())), fs::canonical(real_helper()));
    EXPECT_EQ(fs::canonical(Preflight().helper()), fs::canonical(real_helper()));
}

TEST_F(HelperEnvironment, LetsTheEnvironmentNameIt) {
    const Variable shell("HEDDLE_PREFLIGHT", "/bin/sh");
    EXPECT_EQ(find_preflight_helper(preflight_helper_folders()), "/bin/sh");
    const Variable wrong("HEDDLE_PREFLIGHT", "/no/such/helper");
    try {
        find_preflight_helper(preflight_helper_folders());
        FAIL() << "took a helper that is not there";
    } catch (const PreflightError& error) {
        EXPECT_STREQ(
            error.what(),
            "HEDDLE_PREFLIGHT names '/no/such/helper', which is no program that can be run; correct it, unset it, "
            "or turn the trial load off with 'preflight: false' in the configuration's host settings");
    }
}

TEST_F(HelperEnvironment, SaysWhereItLooked) {
    try {
        find_preflight_helper(std::array<fs::path, 2>{"/a/bin", "/a/libexec/heddle"});
        FAIL() << "found a helper that is not there";
    } catch (const PreflightError& error) {
        EXPECT_STREQ(
            error.what(),
            "the program heddle-preflight, which tries plugins before they are loaded, is not to be found (looked "
            "for '/a/bin/heddle-preflight', '/a/libexec/heddle/heddle-preflight'); install it, name it in the "
            "environment's HEDDLE_PREFLIGHT, or turn the trial load off with 'preflight: false' in the "
            "configuration's host settings");
    }
}

TEST_F(HelperEnvironment, RefusesAHelperThatCannotBeRun) {
    PreflightOptions options;
    options.helper = "/no/such/helper";
    try {
        const Preflight preflight(options);
        FAIL() << "took a helper that is not there";
    } catch (const PreflightError& error) {
        EXPECT_STREQ(
            error.what(),
            "the program '/no/such/helper', which is to try plugins before they are loaded, cannot be run: No such "
            "file or directory; name another, or turn the trial load off with 'preflight: false'");
    }
}

TEST(PreflightMemory, IsTheUsersOwn) {
    const Variable home("HOME", "/h");
    const Variable cache("XDG_CACHE_HOME", "/c");
    EXPECT_EQ(default_preflight_memory(), "/c/heddle/preflight");
    const Variable relative("XDG_CACHE_HOME", "relative");
    EXPECT_EQ(default_preflight_memory(), "/h/.cache/heddle/preflight");
    const Variable homeless("HOME", nullptr);
    EXPECT_EQ(default_preflight_memory(), "");
}

}  // namespace
}  // namespace heddle::discovery
