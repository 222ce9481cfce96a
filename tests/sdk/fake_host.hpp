// A host's table for tests of the SDK alone: it keeps what it is told, and does nothing else.
//
// One FakeHost per test, on one thread: it puts a thread record of its own in the place of this thread's and takes it
// out again at its end.
#pragma once

#include <heddle/abi.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::test {

class FakeHost {
public:
    FakeHost() : before_(heddle_current) {
        active_ = this;
        table.size = sizeof table;
        table.abi_major = HEDDLE_ABI_MAJOR;
        table.provide = [](heddle_module*, const heddle_function* function) {
            active_->provided.push_back(*function);
            return heddle_status{HEDDLE_OK, nullptr};
        };
        table.require = [](heddle_module*, const heddle_handle* handle, heddle_link** given) {
            active_->required.push_back(*handle);
            *given = &active_->link;
            return active_->require_result;
        };
        table.config_problem = [](heddle_module*, const heddle_value* value, std::uint32_t at_key, std::uint32_t offset,
                                  heddle_str text) {
            const std::uint32_t line = value == nullptr ? 0 : at_key != 0 ? value->key_line : value->line;
            const std::uint32_t column = value == nullptr ? 0 : at_key != 0 ? value->key_column : value->column;
            active_->problems +=
                std::to_string(line) + ":" + std::to_string(column + offset) + ": " + view(text) + "\n";
        };
        table.log = [](heddle_module*, std::uint32_t severity, heddle_str text) {
            active_->log += std::to_string(severity) + " " + view(text) + "\n";
        };
        table.log_level = [](heddle_module*) { return active_->level; };
        table.name = [](heddle_module*) { return heddle_str{"stats", 5}; };
        table.enter = [](heddle_module*) {
            active_->events += "enter ";
            if (active_->refuse_hold) {
                active_->set_failure(HEDDLE_TIMEOUT, "stats", "", "is held by others");
                return 0U;
            }
            return 1U;
        };
        table.leave = [](heddle_module*) { active_->events += "leave "; };
        table.admit = [](heddle_link*) {
            active_->events += "admit ";
            if (active_->registers) {
                active_->use_own_record();
                return 1U;
            }
            active_->set_failure(HEDDLE_RECURSION, "stats", "observe", "too deep");
            return 0U;
        };
        table.clock = []() -> std::uint64_t {
            active_->events += "clock ";
            return 42;
        };
        table.sample = [](heddle_link*, std::uint64_t ticks) {
            active_->events += "sample" + std::to_string(ticks) + " ";
            heddle_cell& cell = active_->cells[0];
            cell.done += cell.interval == 0 ? 1 : cell.interval;
            cell.interval = cell.interval == 0 ? 1 : cell.interval * 2;
            cell.left = static_cast<std::int32_t>(cell.interval) - 1;
        };
        table.gate = [](heddle_link*) {
            active_->events += "gate ";
            if (active_->opens == nullptr) {
                active_->set_failure(HEDDLE_UNAVAILABLE, "stats", "observe", "its module is stopped");
                return 0U;
            }
            active_->link.endpoint = active_->opens;
            return 1U;
        };
        table.fail = [](const heddle_failure* failure) {
            active_->set_failure(failure->kind, view(failure->module), view(failure->function), view(failure->what));
        };
        table.take_failure = [](heddle_failure* out) {
            heddle_current.failed = 0;
            out->kind = active_->kind;
            out->module = {active_->failed_module.data(), active_->failed_module.size()};
            out->function = {active_->failed_function.data(), active_->failed_function.size()};
            out->what = {active_->what.data(), active_->what.size()};
        };
        table.status = [](std::int64_t code, heddle_str text) {
            active_->message = view(text);
            return heddle_status{code, active_->message.c_str()};
        };
        link.size = sizeof link;
        link.host = &table;
        use_own_record();
    }
    ~FakeHost() {
        heddle_current = before_;
        active_ = nullptr;
    }
    FakeHost(const FakeHost&) = delete;
    FakeHost& operator=(const FakeHost&) = delete;

    static std::string view(heddle_str text) { return std::string(text.data == nullptr ? "" : text.data, text.size); }

    heddle_module* self() { return reinterpret_cast<heddle_module*>(this); }
    std::size_t depth() const { return static_cast<std::size_t>(heddle_current.top - stack.data()); }

    void set_failure(std::int64_t failure_kind, std::string module, std::string function, std::string text) {
        kind = failure_kind;
        failed_module = std::move(module);
        failed_function = std::move(function);
        what = std::move(text);
        heddle_current.failed = 1;
    }

    // A thread that has called before: a stack of four links and one cell.
    void use_own_record() {
        heddle_current = {};
        heddle_current.size = sizeof heddle_current;
        heddle_current.top = stack.data();
        heddle_current.cells = cells.data();
    }

    heddle_host table{};
    heddle_link link{};
    std::span<heddle_link*> stack{block_.data() + block_.size() - 4, 4};
    std::array<heddle_cell, 2> cells{};
    std::vector<heddle_function> provided;
    std::vector<heddle_handle> required;
    heddle_status require_result{HEDDLE_OK, nullptr};
    std::string problems;  // "line:column: text\n" each
    std::string log;       // "level text\n" each
    std::string events;    // "enter leave clock ..." in their order
    std::uint32_t level = HEDDLE_INFO;
    bool refuse_hold = false;
    bool registers = false;                  // what admit does
    const heddle_endpoint* opens = nullptr;  // where the gate leads to
    std::int64_t kind = 0;                   // the failure told last
    std::string failed_module, failed_function, what, message;

private:
    alignas(
        HEDDLE_STACK_ALIGN) static inline std::array<heddle_link*, HEDDLE_STACK_ALIGN / sizeof(heddle_link*)> block_{};
    heddle_thread before_;
    static inline FakeHost* active_ = nullptr;
};

}  // namespace heddle::test
