// The tests' own tools: a test that trusts a broken tool proves nothing.
#include "heddle_test/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <future>
#include <sstream>
#include <system_error>
#include <thread>

namespace heddle::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> shell(const std::string& script) {
    return {"/bin/sh", "-c", script};
}

TEST(TempDir, IsEmptyAtFirstAndGoneWithItsFilesAfterwards) {
    std::filesystem::path path;
    {
        const TempDir dir;
        path = dir.path();
        EXPECT_TRUE(std::filesystem::is_empty(path));
        dir.write("a/b/c.txt", "text");
        EXPECT_EQ(read_file(dir / "a/b/c.txt"), "text");
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(TempDir, MovesItsFolderAlong) {
    TempDir first;
    const std::filesystem::path path = first.path();
    TempDir second{std::move(first)};
    EXPECT_EQ(second.path(), path);
    EXPECT_TRUE(std::filesystem::exists(path));
    second = TempDir{};
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_TRUE(std::filesystem::exists(second.path()));
}

TEST(ReadFile, NamesTheFileItCantRead) {
    try {
        read_file("/no/such/file");
        FAIL() << "read what isn't there";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "can't read /no/such/file");
    }
}

TEST(RunProgram, HandsBackExitCodeAndBothOutputs) {
    const ProgramResult result = run_program(shell("echo to out; echo to err >&2; exit 7"));
    EXPECT_EQ(result, (ProgramResult{7, 0, false, "to out\n", "to err\n"}));
}

TEST(RunProgram, TellsASignalFromAnExitCode) {
    const ProgramResult result = run_program(shell("kill -TERM $$"));
    EXPECT_EQ(result.exit_code, -1);
    EXPECT_EQ(result.signal, SIGTERM);
    EXPECT_FALSE(result.timed_out);
}

TEST(RunProgram, KillsWhatRunsLongerThanItsBound) {
    ProgramOptions options;
    options.bound = 100ms;
    const auto start = std::chrono::steady_clock::now();
    const ProgramResult result = run_program(shell("echo begun; sleep 300"), options);
    EXPECT_TRUE(result.timed_out);
    EXPECT_EQ(result.signal, SIGKILL);
    EXPECT_EQ(result.out, "begun\n");
    EXPECT_LT(std::chrono::steady_clock::now() - start, 60s);
}

TEST(RunProgram, KillsTheChildrenOfWhatItKillsToo) {
    ProgramOptions options;
    options.bound = 300ms;
    const ProgramResult result = run_program(shell("sleep 300 & echo $!; wait"), options);
    ASSERT_TRUE(result.timed_out);
    const pid_t grandchild = std::stoi(result.out);
    EXPECT_TRUE(wait_until([&] {
        std::ostringstream stat;
        try {
            stat << read_file("/proc/" + std::to_string(grandchild) + "/stat");
        } catch (const std::runtime_error&) {
            return true;
        }
        return stat.str().find(") Z ") != std::string::npos;
    }));
}

TEST(RunProgram, SetsAddsAndTakesFromTheEnvironment) {
    ProgramOptions options;
    options.environment = {{"HEDDLE_SET", "yes"}};
    options.unset = {"HOME"};
    EXPECT_EQ(run_program(shell("echo ${HEDDLE_SET}.${HOME-none}.${PATH:+path}"), options).out, "yes.none.path\n");
    options.inherit_environment = false;
    EXPECT_EQ(run_program({"/usr/bin/env"}, options).out, "HEDDLE_SET=yes\n");
}

TEST(RunProgram, RunsWhereItIsTold) {
    const TempDir dir;
    ProgramOptions options;
    options.cwd = dir.path();
    EXPECT_EQ(run_program({"pwd"}, options).out, dir.path().string() + "\n");
}

TEST(RunProgram, FeedsAnInputLargerThanAPipeHolds) {
    ProgramOptions options;
    options.input = std::string(1 << 20, 'x');
    const ProgramResult result = run_program({"cat"}, options);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.out.size(), options.input.size());
}

TEST(RunProgram, BoundsTheSizeOfFilesWhenAsked) {
    const TempDir dir;
    ProgramOptions options;
    options.cwd = dir.path();
    options.max_file_bytes = 4096;
    const ProgramResult result = run_program({"dd", "if=/dev/zero", "of=file", "bs=8192", "count=2"}, options);
    EXPECT_NE(result.exit_code, 0);
    EXPECT_THAT(result.err, HasSubstr("File too large"));
    EXPECT_EQ(std::filesystem::file_size(dir / "file"), 4096U);
}

TEST(RunProgram, NamesTheProgramThatCantBeRun) {
    try {
        run_program({"/no/such/program"});
        FAIL() << "ran what isn't there";
    } catch (const std::system_error& error) {
        EXPECT_STREQ(error.what(), "can't run /no/such/program: No such file or directory");
    }
}

TEST(RunProgram, DoesNotWaitForEverForAPipeThatALeftBehindProcessHolds) {
    const auto start = std::chrono::steady_clock::now();
    const ProgramResult result = run_program(shell("sleep 300 & echo done"));
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.out, "done\n");
    EXPECT_LT(std::chrono::steady_clock::now() - start, 60s);
}

TEST(Program, ShowsItsOutputWhileItRuns) {
    ProgramOptions options;
    options.keep_input_open = true;
    Program program{shell("while read line; do echo got $line; done; echo end"), options};
    program.write_input("one\n");
    EXPECT_TRUE(program.wait_for_output("^got one$"));
    EXPECT_FALSE(program.has_ended());
    program.write_input("two\n");
    EXPECT_TRUE(program.wait_for_output("got t.o"));
    program.close_input();
    EXPECT_EQ(program.wait().out, "got one\ngot two\nend\n");
    EXPECT_TRUE(program.has_ended());
}

TEST(Program, FindsWhatIsPrintedToStderr) {
    Program program{shell("echo complaint >&2; sleep 300")};
    EXPECT_TRUE(program.wait_for_output("^complaint$"));
    EXPECT_THAT(program.text(), HasSubstr("stderr:\ncomplaint"));
}

TEST(Program, GivesUpOnOutputWhenTheProgramEndsWithoutIt) {
    Program program{shell("echo something")};
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(program.wait_for_output("else", 120s));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 60s);
    EXPECT_TRUE(program.wait_for_output("something")) << "what it printed before it ended still counts";
}

TEST(Program, GivesUpOnOutputWhenTheBoundPasses) {
    Program program{shell("sleep 300")};
    EXPECT_FALSE(program.wait_for_output("anything", 50ms));
}

TEST(Program, TakesSignals) {
    Program program{shell("trap 'echo caught; exit 3' USR1; echo ready; while :; do sleep 0.01; done")};
    ASSERT_TRUE(program.wait_for_output("ready"));
    program.send_signal(SIGUSR1);
    const ProgramResult result = program.wait();
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_THAT(result.out, HasSubstr("caught"));
    EXPECT_EQ(program.wait(), result) << "asking again gives the same";
}

TEST(Program, SaysSoWhenTheProgramTakesNoInput) {
    ProgramOptions options;
    options.keep_input_open = true;
    Program program{{"true"}, options};
    program.wait();
    EXPECT_THROW(program.write_input("too late"), std::system_error);
}

TEST(Program, GivesATerminalOfTheSizeAskedFor) {
    ProgramOptions options;
    options.pty = true;
    options.terminal_rows = 12;
    options.terminal_columns = 100;
    Program program{shell("test -t 0 && test -t 1 && test -t 2 && stty size; read x; stty size"), options};
    EXPECT_TRUE(program.wait_for_output("^12 100$")) << program.text();
    program.resize_terminal(30, 70);
    program.write_input("\n");
    const ProgramResult result = program.wait();
    EXPECT_THAT(result.out, HasSubstr("30 70"));
    EXPECT_EQ(result.exit_code, 0) << result;
}

TEST(ProgramResult, PrintsHowItEndedAndWhatItSaid) {
    std::ostringstream text;
    text << ProgramResult{-1, SIGSEGV, false, "o", "e"} << "\n" << ProgramResult{4, 0, false, "", ""};
    EXPECT_EQ(text.str(),
              "ended by signal 11 (Segmentation fault)\nstdout:\no\nstderr:\ne\nexit code 4\nstdout:\n\nstderr:\n");
}

TEST(ThreadsOf, NamesTheThreadsOfAProcess) {
    std::promise<void> named;
    std::promise<void> done;
    std::thread thread{[&] {
        pthread_setname_np(pthread_self(), "a-name-of-mine");
        named.set_value();
        done.get_future().wait();
    }};
    named.get_future().wait();
    EXPECT_THAT(thread_names_of(getpid()), Contains("a-name-of-mine"));
    EXPECT_GE(threads_of(getpid()).size(), 2U);
    done.set_value();
    thread.join();
    EXPECT_TRUE(wait_until([] {
        const auto names = thread_names_of(getpid());
        return testing::Value(names, Not(Contains("a-name-of-mine")));
    }));
}

TEST(ThreadsOf, IsEmptyForAProcessThatIsNot) {
    EXPECT_TRUE(thread_names_of(1 << 30).empty());
}

TEST(HasMapped, TellsWhatIsMappedFromWhatIsNot) {
    EXPECT_TRUE(has_mapped(getpid(), "/libc.so"));
    EXPECT_FALSE(has_mapped(getpid(), "/no-such-library.so"));
}

TEST(ResidentBytesOf, IsMoreThanNothingForThisProcessAndNothingForNone) {
    EXPECT_GT(resident_bytes_of(getpid()), 100U * 1024);
    EXPECT_EQ(resident_bytes_of(1 << 30), 0U);
}

TEST(WaitUntil, ReturnsWhenTheThingHappensAndWhenItDoesNot) {
    int asked = 0;
    EXPECT_TRUE(wait_until([&] { return ++asked == 3; }, 60s));
    EXPECT_EQ(asked, 3);
    EXPECT_FALSE(wait_until([] { return false; }, 5ms));
}

TEST(Paths, LeadIntoTheBuildAndSourceTrees) {
    EXPECT_TRUE(std::filesystem::exists(bin_dir() / "support_test"));
    EXPECT_TRUE(std::filesystem::exists(source_dir() / "sdk/include/heddle/abi.h"));
    EXPECT_EQ(plugins_dir().parent_path(), build_dir());
    EXPECT_EQ(heddle_program().filename(), "heddle");
    EXPECT_NE(test_plugins_dir(), plugins_dir());
}

}  // namespace
}  // namespace heddle::test
