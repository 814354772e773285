#include "cli/run/continue_command.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "cli/shared/command.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr char kInvocationProperty[] = "invocation";

bool IsInvocation(const Json& json) {
  return json.is_object() && json.contains("folder") && json["folder"].is_string() &&
         json.contains("config") && json["config"].is_string() && json.contains("set") &&
         json["set"].is_array();
}

}  // namespace

std::string ContinueCommand(const SearchInvocation& invocation, const std::string& run) {
  std::string command = fmt::format("strata search {} --run {} --resume",
                                    ShellQuoted(invocation.config), ShellQuoted(run));
  for (const std::string& text : invocation.overrides) command += " --set " + ShellQuoted(text);
  return command;
}

absl::Status StoreInvocation(const SearchInvocation& invocation, search::RunStore* store) {
  std::error_code ignored;
  const Json json = {{"folder", fs::current_path(ignored).string()},
                     {"config", invocation.config},
                     {"set", invocation.overrides}};
  return store->PutProperty(kInvocationProperty,
                            json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

absl::StatusOr<std::string> StoredContinueCommand(const search::RunStore& store,
                                                  const std::string& run) {
  STRATA_ASSIGN_OR_RETURN(const auto text, store.Property(kInvocationProperty));
  if (!text.has_value()) return ContinueCommand({"CONFIG", {}}, run);
  const Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!IsInvocation(json)) {
    return absl::DataLossError(
        fmt::format("'{}': the stored command line of the search is damaged", run));
  }
  SearchInvocation invocation{json["config"].get<std::string>(), {}};
  for (const Json& setting : json["set"]) {
    if (setting.is_string()) invocation.overrides.push_back(setting.get<std::string>());
  }
  std::error_code ignored;
  const std::string command =
      ContinueCommand(invocation, fs::absolute(run, ignored).lexically_normal().string());
  const std::string folder = json["folder"].get<std::string>();
  if (folder.empty() || folder == fs::current_path(ignored).string()) return command;
  // Configuration and settings may hold paths relative to that folder.
  return fmt::format("cd {} && {}", ShellQuoted(folder), command);
}

}  // namespace strata::cli
