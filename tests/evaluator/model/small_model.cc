#include "tests/evaluator/model/small_model.h"

#include <fmt/format.h>

#include <limits>
#include <utility>
#include <vector>

#include "tests/evaluator/base/gguf_writer.h"

namespace strata::evaluator {
namespace {

void AddTokenizer(GgufWriter* writer) {
  std::vector<std::string> tokens = {"<unk>", "<s>"};
  std::vector<int32_t> types = {2, 3};
  for (int byte = 0; byte < 256; ++byte) {
    tokens.push_back(fmt::format("<0x{:02X}>", byte));
    types.push_back(6);
  }
  writer->Text("tokenizer.ggml.model", "llama")
      .Texts("tokenizer.ggml.tokens", tokens)
      .Int32s("tokenizer.ggml.token_type", types)
      .Float32s("tokenizer.ggml.scores", std::vector<float>(tokens.size(), 0.0f));
}

}  // namespace

std::string SmallModel::Gguf() const {
  GgufWriter writer;
  writer.Text("general.architecture", "llama");
  for (const auto& [key, value] : header) writer.Uint32(key, value);
  AddTokenizer(&writer);
  const auto rows = static_cast<uint64_t>(embedding_rows);
  const std::pair<const char*, std::vector<uint64_t>> tensors[] = {
      {"token_embd.weight", {8, rows}}, {"output_norm.weight", {8}},
      {"output.weight", {8, rows}},     {"blk.0.attn_norm.weight", {8}},
      {"blk.0.attn_q.weight", {8, 8}},  {"blk.0.attn_k.weight", {8, 4}},
      {"blk.0.attn_v.weight", {8, 4}},  {"blk.0.attn_output.weight", {8, 8}},
      {"blk.0.ffn_norm.weight", {8}},   {"blk.0.ffn_gate.weight", {8, 12}},
      {"blk.0.ffn_up.weight", {8, 12}}, {"blk.0.ffn_down.weight", {12, 8}}};
  for (const auto& [name, shape] : tensors) {
    uint64_t elements = 1;
    for (const uint64_t size : shape) elements *= size;
    const auto last = last_weight.find(name);
    Bytes data;
    for (uint64_t i = 0; i < elements; ++i) {
      const bool replaced = last != last_weight.end() && i + 1 == elements;
      if (std::string(name) == "output.weight" && impossible_token >= 0 &&
          i / 8 == static_cast<uint64_t>(impossible_token)) {
        data.Number(std::numeric_limits<float>::lowest());
        continue;
      }
      data.Number(replaced ? last->second : 0.1f + 0.01f * static_cast<float>(i % 7));
    }
    writer.Tensor(name, shape, 0, data.text());
  }
  return writer.Finish();
}

}  // namespace strata::evaluator
