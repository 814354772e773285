#include "cli/run/search_log.h"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace strata::cli {
namespace {

// Formats the message as a JSON string, quotes included.
class JsonMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& line) override {
    const std::string text(message.payload.data(), message.payload.size());
    const std::string json =
        nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    line.append(json.data(), json.data() + json.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonMessage>();
  }
};

// Why the log lacks lines.
std::mutex failure_mutex;
std::string failure;

void KeepFirstFailure(const std::string& reason) {
  const std::lock_guard<std::mutex> lock(failure_mutex);
  if (failure.empty()) failure = reason;
}

}  // namespace

std::string LogFailure() {
  const std::lock_guard<std::mutex> lock(failure_mutex);
  return failure;
}

absl::Status LogToFile(const std::string& path, bool is_json) {
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    auto logger = std::make_shared<spdlog::logger>("coordinator", std::move(sink));
    if (is_json) {
      auto formatter = std::make_unique<spdlog::pattern_formatter>();
      formatter->add_flag<JsonMessage>('*').set_pattern(
          R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","logger":"%n","message":%*})");
      logger->set_formatter(std::move(formatter));
    }
    logger->flush_on(spdlog::level::info);
    {
      const std::lock_guard<std::mutex> lock(failure_mutex);
      failure.clear();
    }
    // The library's own handler prints to standard error, before the search says what is wrong.
    logger->set_error_handler(KeepFirstFailure);
    spdlog::set_default_logger(std::move(logger));
  } catch (const spdlog::spdlog_ex& error) {
    return absl::ResourceExhaustedError(fmt::format("cannot write the log: {}", error.what()));
  }
  return absl::OkStatus();
}

}  // namespace strata::cli
