#include "life/log.hpp"

#include <fmt/chrono.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>
#include <vector>

namespace heddle::life {

namespace {

/// As configurations and --log-level spell it; spdlog says "warning" for one of them.
std::string_view name_of(spdlog::level::level_enum level) {
    const auto name = spdlog::level::to_string_view(level);
    return level == spdlog::level::warn ? std::string_view("warn") : std::string_view(name.data(), name.size());
}

/// The level in a column of five characters.
class LevelColumn final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm& /*time*/, spdlog::memory_buf_t& to) override {
        const std::string text = fmt::format("{:<5}", name_of(message.level));
        to.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<spdlog::custom_flag_formatter> clone() const override { return std::make_unique<LevelColumn>(); }
};

/// One JSON object a line: time (ISO 8601, UTC), level, module, text.
class JsonFormatter final : public spdlog::formatter {
public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& to) override {
        const auto since = message.time.time_since_epoch();
        const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(since).count() % 1'000'000;
        const nlohmann::ordered_json line = {
            {"time", fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z",
                                 fmt::gmtime(std::chrono::system_clock::to_time_t(message.time)), micros)},
            {"level", std::string(name_of(message.level))},
            {"module", std::string(message.logger_name.data(), message.logger_name.size())},
            {"text", std::string(message.payload.data(), message.payload.size())}};
        // Texts of modules may be no UTF-8: replaced, so that every line is valid JSON.
        const std::string text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
        to.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

class FunctionSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit FunctionSink(Log::Sink to) : to_(std::move(to)) {}

protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        to_(static_cast<std::uint32_t>(message.level), {message.logger_name.data(), message.logger_name.size()},
            {message.payload.data(), message.payload.size()});
    }
    void flush_() override {}

private:
    Log::Sink to_;
};

std::unique_ptr<spdlog::formatter> formatter(bool json) {
    if (json) {
        return std::make_unique<JsonFormatter>();
    }
    auto lines = std::make_unique<spdlog::pattern_formatter>();
    lines->add_flag<LevelColumn>('*').set_pattern("%H:%M:%S.%e %^%*%$ %-10n %v");
    return lines;
}

}  // namespace

Log::Log() : logger_(std::make_shared<spdlog::logger>("host")) {}
Log::~Log() = default;

void Log::open(bool to_stderr, const std::filesystem::path& file, bool json, const Sink& also) {
    std::vector<spdlog::sink_ptr> sinks;
    if (to_stderr) {
        sinks.push_back(std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    }
    if (!file.empty()) {
        sinks.push_back(std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string()));
    }
    for (const auto& sink : sinks) {
        sink->set_formatter(formatter(json));
    }
    if (also) {
        sinks.push_back(std::make_shared<FunctionSink>(also));
    }
    logger_ = std::make_shared<spdlog::logger>("host", sinks.begin(), sinks.end());
    logger_->flush_on(spdlog::level::trace);
}

void Log::write(std::uint32_t level, std::string_view module, std::string_view text) {
    static_assert(static_cast<int>(spdlog::level::critical) == 5 && static_cast<int>(spdlog::level::trace) == 0);
    const spdlog::details::log_msg line(spdlog::string_view_t(module.data(), module.size()),
                                        static_cast<spdlog::level::level_enum>(level),
                                        spdlog::string_view_t(text.data(), text.size()));
    for (const auto& sink : logger_->sinks()) {
        // A full disk must neither end the control thread nor unwind into a plugin: the line is lost to that sink
        // alone.
        try {
            sink->log(line);
            sink->flush();
        } catch (const std::exception& e) {
            if (!told_.exchange(true, std::memory_order_relaxed)) {
                std::fprintf(stderr, "heddle: lines of the log are lost: %s\n", e.what());
            }
        }
    }
}

}  // namespace heddle::life
