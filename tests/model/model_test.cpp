// Checks the models in this folder in all their interleavings, and that the checker finds each fault that can be built
// into one. README.md says what they model. Needs spin and a C compiler; without spin the tests are skipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "heddle_test/support.hpp"

namespace {

using namespace heddle::test;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// One run of the checker.
struct Run {
    std::string name;   ///< of the test
    std::string model;  ///< the file's, without its ending
    std::vector<std::string> defines;
    std::string fault;  ///< what the checker must say of a fault; empty where the model must hold
};

void PrintTo(const Run& run, std::ostream* stream) {
    *stream << run.model << ".pml";
    for (const std::string& define : run.defines) {
        *stream << " -D" << define;
    }
}

/// A checker for one run, made in a folder of its own.
class Checker {
public:
    explicit Checker(const Run& run) : is_fault_(!run.fault.empty()) {
        for (const auto& file : std::filesystem::directory_iterator(source_dir() / "tests" / "model")) {
            if (file.path().extension() == ".pml") {
                std::filesystem::copy_file(file.path(), folder_ / file.path().filename().string());
            }
        }
        const std::string compiler = HEDDLE_TEST_C_COMPILER;
        std::vector<std::string> spin{HEDDLE_TEST_SPIN, "-P" + compiler + " -E -x c", "-a"};
        for (const std::string& define : run.defines) {
            spin.push_back("-D" + define);
        }
        spin.push_back(run.model + ".pml");
        // A fault is looked for breadth first, which finds a shortest way to it; there the compiler is what takes time.
        // No cycles: nothing in the models waits by looking again and again, so what never ends is an invalid end
        // state.
        must_succeed(run_in_folder(spin));
        must_succeed(run_in_folder({compiler, "-w", is_fault_ ? "-O0" : "-O1", "-DSAFETY", "-DMEMLIM=900",
                                    is_fault_ ? "-DBFS" : "-DCOLLAPSE", "-o", "pan", "pan.c"}));
    }

    /// What the checker says of its search.
    std::string search() { return run_in_folder({"./pan", "-n", "-m1000000", is_fault_ ? "-w20" : "-w24"}).out; }

    /// The steps that led to the fault, one a line.
    std::string steps_to_fault() {
        const std::string replay = run_in_folder({"./pan", "-r", "-S"}).out;
        return replay.substr(0, replay.find("#processes"));
    }

private:
    ProgramResult run_in_folder(const std::vector<std::string>& arguments) {
        ProgramOptions options;
        options.cwd = folder_.path();
        options.bound = std::chrono::seconds(110);
        return run_program(arguments, options);
    }
    static void must_succeed(const ProgramResult& result) { EXPECT_EQ(result.exit_code, 0) << result; }

    TempDir folder_;
    const bool is_fault_;
};

class Models : public testing::TestWithParam<Run> {
protected:
    void SetUp() override {
        if (std::string_view(HEDDLE_TEST_SPIN).empty()) {
            GTEST_SKIP() << "spin was not found when the build was configured";
        }
    }
};
using ModelsThatHold = Models;
using ModelsWithAFault = Models;

TEST_P(ModelsThatHold, DoSoInEveryInterleaving) {
    Checker checker(GetParam());
    const std::string found = checker.search();
    // A search that ran out of depth or memory has not seen everything.
    EXPECT_THAT(found, AllOf(HasSubstr("errors: 0"), HasSubstr("Full statespace search"),
                             Not(HasSubstr("Search not completed")), Not(HasSubstr("max search depth too small"))));
    if (HasFailure()) {
        FAIL() << "the steps that led there:\n" << checker.steps_to_fault();
    }
}

TEST_P(ModelsWithAFault, ShowItInSomeInterleaving) {
    Checker checker(GetParam());
    EXPECT_THAT(checker.search(), AllOf(HasSubstr("errors: 1"), HasSubstr(GetParam().fault)));
    EXPECT_THAT(checker.steps_to_fault(), HasSubstr(" reads "));
}

constexpr const char* hangs = "invalid end state";
constexpr const char* unmapped = "!(unmapped)";          // of grace.pml: code of the module runs
constexpr const char* freed = "(link==3)";               // of grace.pml: the scan meets the freed link
constexpr const char* late_store = "==8)&&unmapped";     // of grace.pml: what the module stored comes too late
constexpr const char* wrong_code = "mapped==endpoint";   // of gate.pml
constexpr const char* wrong_sum = "memory[4]==entered";  // of exclusive.pml: one did not see what another had done
constexpr const char* wrong_body = "value==";            // of mailbox.pml: not the record that is next
constexpr const char* no_frame = "has_frame";            // of call.pml: a call runs whose caller is gone

const std::vector<Run> models{
    {"Grace", "grace", {"CALLS_0=1"}, ""},
    {"GraceOfOneCaller", "grace", {"CALLS_0=3", "CALLS_1=0"}, ""},
    {"GraceWithWeakStoresAndTwoCallers", "grace", {"REORDER", "CALLS_0=1"}, ""},
    {"GraceWithWeakStoresAndOneCaller", "grace", {"REORDER", "CALLS_0=3", "CALLS_1=0"}, ""},
    {"Gate", "gate", {}, ""},
    {"GateWithBounds", "gate", {"BOUNDED"}, ""},
    {"GateWithWeakStores", "gate", {"REORDER"}, ""},
    {"Exclusive", "exclusive", {"MOST=1"}, ""},
    {"ExclusiveManyTimes", "exclusive", {"THREADS=2", "ENTRIES=3"}, ""},
    {"ExclusiveWithBounds", "exclusive", {"THREADS=2", "ENTRIES=3", "BOUNDED"}, ""},
    {"ExclusiveWithWeakStores", "exclusive", {"THREADS=2", "ENTRIES=2", "REORDER"}, ""},
    {"Mailbox", "mailbox", {}, ""},
    {"MailboxOfOneProducer", "mailbox", {"PRODUCERS=1", "RECORDS=6"}, ""},
    {"MailboxThatTellsInRuns", "mailbox", {"PRODUCERS=1", "RECORDS=6", "SIZE=3", "TELL_EVERY=2"}, ""},
    {"MailboxWithWeakStores", "mailbox", {"REORDER"}, ""},
    {"Call", "call", {"CALLS=3"}, ""},
    {"CallWithWeakStores", "call", {"REORDER"}, ""},
};

const std::vector<Run> faults{
    {"GraceNoMembarrier", "grace", {"NO_MEMBARRIER", "CALLS_1=0"}, unmapped},
    {"GraceEndpointFirst", "grace", {"ENDPOINT_FIRST", "CALLS_1=0"}, unmapped},
    {"GraceScanFirst", "grace", {"SCAN_FIRST", "CALLS_1=0"}, unmapped},
    {"GracePlainTop", "grace", {"REORDER", "PLAIN_TOP", "CALLS_1=0"}, freed},
    {"GraceNoLastMembarrier", "grace", {"REORDER", "NO_LAST_MEMBARRIER", "CALLS_1=0"}, late_store},
    {"GateNoMembarrier", "gate", {"NO_MEMBARRIER"}, wrong_code},
    {"GateNoPublishAgain", "gate", {"NO_PUBLISH_AGAIN"}, wrong_code},
    {"GatePublishAgainLate", "gate", {"PUBLISH_AGAIN_LATE"}, wrong_code},
    {"GateUnmapFirst", "gate", {"UNMAP_FIRST"}, wrong_code},
    {"GateKeepsFrame", "gate", {"KEEPS_FRAME"}, hangs},
    {"GateNoWake", "gate", {"NO_WAKE"}, hangs},
    {"GateWakeFirst", "gate", {"WAKE_FIRST"}, hangs},
    {"GateSleepsBlindly", "gate", {"SLEEPS_BLINDLY"}, hangs},
    {"ExclusiveNoMembarrier", "exclusive", {"NO_MEMBARRIER"}, hangs},
    {"ExclusiveNoSecondLook", "exclusive", {"NO_SECOND_LOOK"}, hangs},
    {"ExclusiveNoLookAfterRelease", "exclusive", {"NO_LOOK_AFTER_RELEASE"}, hangs},
    {"ExclusiveClearsLate", "exclusive", {"CLEARS_LATE", "THREADS=2"}, hangs},
    {"ExclusiveNoBound", "exclusive", {"NO_BOUND", "THREADS=2", "ENTRIES=4"}, "overtakings<=2"},
    {"ExclusivePlainLeave", "exclusive", {"REORDER", "PLAIN_LEAVE"}, wrong_sum},
    {"MailboxNoParkMembarrier", "mailbox", {"PRODUCERS=1", "NO_PARK_MEMBARRIER"}, hangs},
    {"MailboxNoLookAgain", "mailbox", {"PRODUCERS=1", "NO_LOOK_AGAIN"}, hangs},
    {"MailboxNoRoomMembarrier", "mailbox", {"PRODUCERS=1", "NO_ROOM_MEMBARRIER"}, hangs},
    {"MailboxTellsSeldom", "mailbox", {"PRODUCERS=1", "TELLS_SELDOM", "TELL_EVERY=2"}, hangs},
    {"MailboxNextHeaderUncounted", "mailbox", {"PRODUCERS=1", "NEXT_HEADER_UNCOUNTED"}, hangs},
    {"MailboxNextHeaderLate", "mailbox", {"PRODUCERS=1", "NEXT_HEADER_LATE", "RECORDS=3"}, wrong_body},
    {"MailboxHeaderFirst", "mailbox", {"PRODUCERS=1", "HEADER_FIRST"}, wrong_body},
    {"MailboxTellsEarly", "mailbox", {"PRODUCERS=1", "TELLS_EARLY", "SIZE=3", "RECORDS=4"}, wrong_body},
    {"MailboxPlainHeader", "mailbox", {"PRODUCERS=1", "REORDER", "PLAIN_HEADER"}, wrong_body},
    {"CallNoMembarrier", "call", {"NO_MEMBARRIER"}, no_frame},
    {"CallLooksFirst", "call", {"LOOKS_FIRST"}, no_frame},
    {"CallLeaves", "call", {"LEAVES"}, no_frame},
    {"CallNoArbiter", "call", {"NO_ARBITER"}, hangs},
    {"CallAnswersPlainly", "call", {"ANSWERS_PLAINLY"}, hangs},
    {"CallSleepsBlindly", "call", {"SLEEPS_BLINDLY"}, hangs},
};

std::string name_of(const testing::TestParamInfo<Run>& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(, ModelsThatHold, testing::ValuesIn(models), name_of);
INSTANTIATE_TEST_SUITE_P(, ModelsWithAFault, testing::ValuesIn(faults), name_of);

}  // namespace
