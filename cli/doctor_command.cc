// `strata doctor`: reports what this machine has, what is missing, and how to get it; or what a
// model's files say, and which of their keys Strata does not know.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/shared/command.h"
#include "cli/shared/output.h"
#include "cli/shared/terminal.h"
#include "evaluator/checkpoint/model_description.h"
#include "evaluator/checkpoint/model_summary.h"
#include "evaluator/measurement/machine.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string model;  // empty: the machine is inspected
  int threads = 1;
  OutputFormat format = OutputFormat::kTable;
  bool wide = false;
};

std::filesystem::path CacheFolder() {
  const char* folder = std::getenv("STRATA_CACHE");
  return folder != nullptr && *folder != '\0' ? folder : ".cache";
}

// Returns those of the processor's flags that matter for speed.
std::vector<std::string> InstructionSets() {
  static const std::set<std::string> kInteresting = {
      "avx2",        "fma",      "f16c",     "avx512f",     "avx512bw",
      "avx512_vnni", "avx_vnni", "amx_bf16", "avx512_bf16", "amx_int8"};
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line) && !line.starts_with("flags")) {
  }
  std::istringstream words(line);
  std::vector<std::string> found;
  for (std::string word; words >> word;) {
    if (kInteresting.contains(word)) found.push_back(word);
  }
  return found;
}

Json FoundModels(const std::filesystem::path& cache) {
  Json found = Json::array();
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(cache / "models", error)) {
    if (entry.path().extension() != ".gguf") continue;
    const auto model = evaluator::SummarizeModel(entry.path());
    Json item = {{"path", entry.path().string()}};
    if (model.ok()) {
      item["name"] = model->name;
      item["blocks"] = model->blocks;
    } else {
      item["problem"] = std::string(model.status().message());
    }
    found.push_back(item);
  }
  return found;
}

Json FoundTexts(const std::filesystem::path& cache) {
  Json found = Json::array();
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(cache / "texts", error)) {
    const auto documents = evaluator::ReadDocuments(entry.path());
    Json item = {{"path", entry.path().string()}};
    if (documents.ok()) {
      item["documents"] = documents->size();
    } else {
      item["problem"] = std::string(documents.status().message());
    }
    found.push_back(item);
  }
  return found;
}

absl::StatusOr<Json> Inspect(int threads) {
  STRATA_ASSIGN_OR_RETURN(const auto machine, evaluator::InspectMachine(threads));
  const std::filesystem::path cache = CacheFolder();
  Json json = {{"libtorch", machine.libtorch_version},
               {"cpu_capability", machine.cpu_capability},
               {"instruction_sets", InstructionSets()},
               {"devices", machine.devices},
               {"threads", machine.threads},
               {"fp32_gflops", machine.float32_gflops},
               {"bf16_gflops", machine.bfloat16_gflops},
               {"memory_gigabytes_per_second", machine.memory_gigabytes_per_second},
               {"cache", cache.string()},
               {"models", FoundModels(cache)},
               {"texts", FoundTexts(cache)},
               {"missing", Json::array()}};
  if (json["models"].empty()) {
    json["missing"].push_back(fmt::format(
        "no model in {}/models: strata fetch downloads the default one, or put a GGUF file there",
        cache.string()));
  }
  if (json["texts"].empty()) {
    json["missing"].push_back(
        fmt::format("no text in {}/texts: strata fetch downloads the default one", cache.string()));
  }
  if (machine.devices.size() == 1) {
    json["missing"].push_back("no GPU seen by LibTorch: evaluations run on the processor");
  }
  return json;
}

std::string Joined(const Json& list) {
  std::string text;
  for (const Json& item : list) text += (text.empty() ? "" : ", ") + item.get<std::string>();
  return text.empty() ? "none" : text;
}

std::string ReportText(const Json& json) {
  std::string text = fmt::format("LibTorch          {} ({})\n", json["libtorch"].get<std::string>(),
                                 json["cpu_capability"].get<std::string>());
  text += fmt::format("devices           {}\n", Joined(json["devices"]));
  text += fmt::format("instruction sets  {}\n", Joined(json["instruction_sets"]));
  text +=
      fmt::format("matrix product    fp32 {:.0f} GFLOP/s, bf16 {:.0f} GFLOP/s with {} threads\n",
                  json["fp32_gflops"].get<double>(), json["bf16_gflops"].get<double>(),
                  json["threads"].get<int>());
  text += fmt::format("memory            {:.1f} GB/s copied\n",
                      json["memory_gigabytes_per_second"].get<double>());
  for (const Json& model : json["models"]) {
    text += fmt::format("model             {}{}\n", model["path"].get<std::string>(),
                        model.contains("problem")
                            ? " UNUSABLE: " + model["problem"].get<std::string>()
                            : fmt::format(" ({}, {} blocks)", model["name"].get<std::string>(),
                                          model["blocks"].get<int>()));
  }
  for (const Json& folder : json["texts"]) {
    text += fmt::format("text              {}{}\n", folder["path"].get<std::string>(),
                        folder.contains("problem")
                            ? " UNUSABLE: " + folder["problem"].get<std::string>()
                            : fmt::format(" ({} documents)", folder["documents"].get<int64_t>()));
  }
  for (const Json& missing : json["missing"]) {
    text += fmt::format("missing           {}\n", missing.get<std::string>());
  }
  return text;
}

Json ToJson(const evaluator::ModelDescription& model, const std::string& path) {
  const evaluator::ModelConfig& config = model.config;
  return {{"path", path},
          {"name", model.name},
          {"family", config.family->name},
          {"blocks", config.blocks},
          {"hidden", config.hidden},
          {"feed_forward", config.feed_forward},
          {"vocabulary", config.vocabulary},
          {"heads", config.heads},
          {"key_value_heads", config.key_value_heads},
          {"head_dimension", config.head_dimension},
          {"parameters", model.parameters},
          {"prunable_weights", model.prunable_weights},
          {"tensors_by_type", model.type_tensors},
          {"notes", model.notes},
          {"keys_file", model.keys_file},
          {"unknown_keys", model.unknown_keys}};
}

std::string ModelText(const evaluator::ModelDescription& model) {
  const evaluator::ModelConfig& config = model.config;
  std::string text = fmt::format(
      "model             {}, family {}: {} blocks of width {}, feed-forward {}\n", model.name,
      config.family->name, config.blocks, config.hidden, config.feed_forward);
  text += fmt::format("heads             {} of {} dimensions, {} for keys and values\n",
                      config.heads, config.head_dimension, config.key_value_heads);
  text += fmt::format("vocabulary        {}\n", config.vocabulary);
  text += fmt::format("parameters        {}, of which {} can be pruned\n", model.parameters,
                      model.prunable_weights);
  std::string types;
  for (const auto& [type, tensors] : model.type_tensors) {
    types += fmt::format("{}{} ({} tensors)", types.empty() ? "" : ", ", type, tensors);
  }
  text += fmt::format("data types        {}\n", types);
  for (const std::string& note : model.notes) text += fmt::format("note              {}\n", note);
  if (model.unknown_keys.empty()) {
    return text + fmt::format("unknown keys      none in {}\n", model.keys_file);
  }
  text += fmt::format("unknown keys      {}\n", fmt::join(model.unknown_keys, ", "));
  text += fmt::format(
      "                  Strata does not use these keys of {}. If one of them changes how the "
      "model computes, its losses here are not those of other programs.\n",
      model.keys_file);
  return text;
}

absl::Status DescribeModel(const Options& options) {
  STRATA_ASSIGN_OR_RETURN(const auto model, evaluator::DescribeModel(options.model));
  if (options.format == OutputFormat::kJson) {
    PrintJson(ToJson(model, options.model));
  } else {
    PrintFolded(ModelText(model), OutputPage(options.wide));
  }
  return absl::OkStatus();
}

absl::Status RunDoctor(const Options& options) {
  if (!options.model.empty()) return DescribeModel(options);
  STRATA_ASSIGN_OR_RETURN(const auto json, Inspect(options.threads));
  if (options.format == OutputFormat::kJson) {
    PrintJson(json);
  } else {
    PrintFolded(ReportText(json), OutputPage(options.wide));
  }
  return absl::OkStatus();
}

}  // namespace

void AddDoctorCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "doctor",
      "Shows what this machine has: LibTorch, devices, measured speed, models and texts. With a "
      "model, shows its sizes and the keys of its files that Strata does not know.");
  verb->add_option("model", options->model,
                   "Hugging Face directory or GGUF file to describe in place of the machine.");
  AddThreadsOption(verb, &options->threads);
  AddFormatOption(verb, &options->format);
  AddWideOption(verb, &options->wide);
  verb->callback([=] { *command = [=] { return RunDoctor(*options); }; });
}

}  // namespace strata::cli
