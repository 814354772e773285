#include "tests/evaluator/support/reference_data.h"

#include <c10/util/Half.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>

#include "evaluator/model/libtorch_threads.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "evaluator/tokenizer/tokenizer.h"

namespace strata::evaluator {
namespace {

[[noreturn]] void Stop(const std::string& message) {
  std::cerr << message << "\n";
  std::exit(1);
}

std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Stop("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <typename Number>
std::vector<Number> Copy(std::span<const char> bytes) {
  std::vector<Number> values(bytes.size() / sizeof(Number));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

std::string OraclePath(const std::string& name) {
  return std::string(STRATA_SOURCE_DIR "/tests/oracles/") + name;
}

}  // namespace

std::string CachedFile(const std::string& path_in_cache) {
  const char* cache = std::getenv("STRATA_CACHE");
  const std::string folder = cache != nullptr ? cache : STRATA_SOURCE_DIR "/.cache";
  std::string path = folder + "/" + path_in_cache;
  if (!std::filesystem::exists(path)) Stop(path + " is absent: run scripts/setup.sh");
  return path;
}

std::string ModelPath() { return CachedFile("models/SmolLM2-135M-Instruct.Q4_1.gguf"); }
std::string TextFolder() { return CachedFile("texts/sotu"); }

TransformerModel& SharedModel() {
  static const std::unique_ptr<TransformerModel> model = [] {
    if (!UseThreads(2).ok()) Stop("two threads cannot be set");
    auto file = OpenCheckpoint(ModelPath());
    if (!file.ok()) Stop(std::string(file.status().message()));
    auto loaded = TransformerModel::Load(*std::move(file));
    if (!loaded.ok()) Stop(std::string(loaded.status().message()));
    return *std::move(loaded);
  }();
  return *model;
}

const nlohmann::json& ReferenceNumbers() {
  static const nlohmann::json numbers =
      nlohmann::json::parse(ReadBytes(OraclePath("smollm2_reference.json")));
  return numbers;
}

ReferenceTensor Reference(const std::string& name) {
  // safetensors: eight bytes of header length, a JSON header, the data.
  static const std::string file = ReadBytes(OraclePath("smollm2_reference.safetensors"));
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), sizeof(header_bytes));
  static const nlohmann::json header =
      nlohmann::json::parse(file.substr(sizeof(header_bytes), header_bytes));
  if (!header.contains(name)) Stop("no reference tensor " + name);
  const nlohmann::json& entry = header[name];
  const auto begin = entry["data_offsets"][0].get<size_t>();
  const auto end = entry["data_offsets"][1].get<size_t>();
  const std::span<const char> data(file.data() + sizeof(header_bytes) + header_bytes + begin,
                                   end - begin);
  ReferenceTensor tensor;
  tensor.shape = entry["shape"].get<std::vector<int64_t>>();
  if (entry["dtype"] == "F32") tensor.floats = Copy<float>(data);
  if (entry["dtype"] == "F16") {
    const std::vector<c10::Half> halves = Copy<c10::Half>(data);
    tensor.floats.assign(halves.begin(), halves.end());
  }
  if (entry["dtype"] == "I32") tensor.integers = Copy<int32_t>(data);
  if (entry["dtype"] == "U8") tensor.bytes = Copy<uint8_t>(data);
  return tensor;
}

Windows CalibrationSequences() {
  const ReferenceTensor ids = Reference("calibration_ids");
  Windows sequences;
  for (int64_t row = 0; row < ids.shape[0]; ++row) {
    const auto first = ids.integers.begin() + row * ids.shape[1];
    sequences.emplace_back(first, first + ids.shape[1]);
  }
  return sequences;
}

Windows PerplexityWindows() {
  const auto tokenizer = OpenTokenizer(ModelPath());
  if (!tokenizer.ok()) Stop(std::string(tokenizer.status().message()));
  std::vector<int32_t> ids;
  for (const std::string name : ReferenceNumbers()["perplexity"]["files"]) {
    const auto text = ReadText(TextFolder() + "/" + name, TextFormat::kPlain);
    if (!text.ok()) Stop(std::string(text.status().message()));
    const std::vector<int32_t> more = (*tokenizer)->Encode(*text);
    ids.insert(ids.end(), more.begin(), more.end());
  }
  Windows windows;
  for (int64_t i = 0; i < 16; ++i) {
    windows.emplace_back(ids.begin() + i * 256, ids.begin() + (i + 1) * 256);
  }
  return windows;
}

double RelativeError(double measured, double expected) {
  return std::abs(measured - expected) / std::max(std::abs(expected), 1e-30);
}

}  // namespace strata::evaluator
