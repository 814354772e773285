#include "evaluator/tasks/response_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "evaluator/files/file_system.h"
#include "expr/status_macros.h"

namespace strata::tasks {
namespace {

using nlohmann::json;

constexpr const char* kSchema = "strata.responses/1";

json ToJson(const ItemResponse& response) {
  json likelihoods = json::array();
  for (const Likelihood& one : response.likelihoods) {
    likelihoods.push_back({one.log_likelihood, one.greedy});
  }
  return {{"likelihoods", std::move(likelihoods)},
          {"text", response.text},
          {"truncated_tokens", response.truncated_tokens}};
}

// Throws json::exception if `value` is not in the format of ToJson.
ItemResponse FromJson(const json& value) {
  ItemResponse response;
  for (const json& one : value.at("likelihoods")) {
    response.likelihoods.push_back({one.at(0).get<double>(), one.at(1).get<bool>()});
  }
  response.text = value.at("text").get<std::string>();
  response.truncated_tokens = value.at("truncated_tokens").get<int64_t>();
  return response;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ResponseStore>> ResponseStore::Open(const std::string& path) {
  STRATA_ASSIGN_OR_RETURN(evaluator::FileLock lock, evaluator::FileLock::TryAcquire(path));
  std::unique_ptr<ResponseStore> store(new ResponseStore(path, std::move(lock)));
  STRATA_RETURN_IF_ERROR(store->Read());
  return store;
}

ResponseStore::~ResponseStore() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::Status ResponseStore::Read() {
  std::ifstream file(path_, std::ios::binary);
  std::string line;
  int64_t number = 0;
  off_t whole_bytes = 0;
  while (std::getline(file, line)) {
    ++number;
    const bool ended = !file.eof();
    const json value = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (number == 1) {
      const bool is_ours = value.is_object() && value.value("schema", json()) == kSchema;
      const bool is_torn = !ended && json{{"schema", kSchema}}.dump().starts_with(line);
      if (!is_ours && !is_torn) {
        return absl::InvalidArgumentError(fmt::format(
            "{}: expected a file of responses ({}), found another one", path_, kSchema));
      }
    }
    if (!ended) break;
    if (number > 1) {
      try {
        std::vector<ItemResponse> responses;
        for (const json& one : value.at("responses")) responses.push_back(FromJson(one));
        batches_[value.at("key").get<std::string>()] = std::move(responses);
      } catch (const json::exception&) {
        return absl::DataLossError(
            fmt::format("{}:{}: expected a batch of responses, found a damaged line; remove the "
                        "file to measure anew",
                        path_, number));
      }
    }
    whole_bytes += static_cast<off_t>(line.size()) + 1;
  }
  descriptor_ = open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (descriptor_ < 0 || ftruncate(descriptor_, whole_bytes) != 0) {
    return evaluator::FileStatus(errno, "open", path_);
  }
  return whole_bytes == 0 ? WriteLine(json{{"schema", kSchema}}.dump()) : absl::OkStatus();
}

absl::Status ResponseStore::WriteLine(const std::string& line) {
  STRATA_RETURN_IF_ERROR(evaluator::WriteAll(descriptor_, line + "\n", path_));
  if (fdatasync(descriptor_) != 0) return evaluator::FileStatus(errno, "write", path_);
  return absl::OkStatus();
}

const std::vector<ItemResponse>* ResponseStore::Find(const std::string& key) const {
  const auto found = batches_.find(key);
  return found == batches_.end() ? nullptr : &found->second;
}

absl::Status ResponseStore::Append(const std::string& key, std::vector<ItemResponse> responses) {
  json list = json::array();
  for (const ItemResponse& response : responses) list.push_back(ToJson(response));
  const json line = {{"key", key}, {"responses", std::move(list)}};
  STRATA_RETURN_IF_ERROR(WriteLine(line.dump()));
  batches_[key] = std::move(responses);
  return absl::OkStatus();
}

}  // namespace strata::tasks
