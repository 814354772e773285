#include "cli/run/continue_command.h"

#include <fmt/format.h>

#include <algorithm>
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
  const auto is_text = [](const Json& element) { return element.is_string(); };
  return json.is_object() && json.contains("folder") && json["folder"].is_string() &&
         json.contains("set") && json["set"].is_array() &&
         std::all_of(json["set"].begin(), json["set"].end(), is_text);
}

// Returns {"folder", "set": [KEY or, of an older version, KEY=VALUE, ...]}; null if none is stored.
absl::StatusOr<Json> ReadInvocation(const search::RunStore& store, const std::string& run) {
  STRATA_ASSIGN_OR_RETURN(const auto text, store.Property(kInvocationProperty));
  if (!text.has_value()) return Json();
  Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (IsInvocation(json)) return json;
  return absl::DataLossError(
      fmt::format("'{}': the stored command line of the search is damaged", run));
}

std::string CurrentFolder() {
  std::error_code ignored;
  return fs::current_path(ignored).string();
}

}  // namespace

std::string ContinueCommand(const std::string& run) {
  return "strata search --resume " + ShellQuoted(run);
}

bool IsOfCommandLine(const std::string& origin) { return origin.starts_with("--"); }

absl::Status StoreInvocation(const RunConfig& config, search::RunStore* store) {
  STRATA_ASSIGN_OR_RETURN(auto keys, KeysGivenEarlier(*store, config.run));
  for (const auto& [key, origin] : config.origins) {
    if (key != "run" && IsOfCommandLine(origin)) keys.insert(key);
  }
  const Json json = {{"folder", CurrentFolder()}, {"set", keys}};
  return store->PutProperty(kInvocationProperty,
                            json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

absl::StatusOr<std::set<std::string>> KeysGivenEarlier(const search::RunStore& store,
                                                       const std::string& run) {
  STRATA_ASSIGN_OR_RETURN(const Json json, ReadInvocation(store, run));
  std::set<std::string> keys;
  if (json.is_null()) return keys;
  for (const Json& element : json["set"]) {
    const auto text = element.get<std::string>();
    keys.insert(text.substr(0, text.find('=')));
  }
  return keys;
}

absl::StatusOr<std::string> StartFolder(const search::RunStore& store, const std::string& run) {
  STRATA_ASSIGN_OR_RETURN(const Json json, ReadInvocation(store, run));
  return json.is_null() ? "" : json["folder"].get<std::string>();
}

absl::StatusOr<std::string> StoredContinueCommand(const search::RunStore& store,
                                                  const std::string& run) {
  STRATA_ASSIGN_OR_RETURN(const std::string folder, StartFolder(store, run));
  std::error_code ignored;
  const std::string command =
      ContinueCommand(fs::absolute(run, ignored).lexically_normal().string());
  if (folder.empty() || folder == CurrentFolder()) return command;
  // Settings may hold paths relative to that folder.
  return fmt::format("cd {} && {}", ShellQuoted(folder), command);
}

}  // namespace strata::cli
