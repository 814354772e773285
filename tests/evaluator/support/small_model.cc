#include "tests/evaluator/support/small_model.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "tests/evaluator/support/gguf_writer.h"

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
  for (const auto& [key, value] : texts) writer.Text(key, value);
  for (const auto& [key, value] : header) writer.Uint32(key, value);
  for (const auto& [key, value] : reals) writer.Float32(key, value);
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
    if (name == without) continue;
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

std::string WaveModelGguf() {
  GgufWriter writer;
  writer.Text("general.architecture", "llama");
  const std::pair<const char*, uint32_t> header[] = {
      {"llama.block_count", kWaveBlocks}, {"llama.embedding_length", 16},
      {"llama.feed_forward_length", 24},  {"llama.attention.head_count", 4},
      {"llama.rope.dimension_count", 4},  {"llama.attention.head_count_kv", 2},
      {"tokenizer.ggml.bos_token_id", 1}};
  for (const auto& [key, value] : header) writer.Uint32(key, value);
  writer.Float32("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  AddTokenizer(&writer);
  int tensor = 0;
  const auto add = [&](const std::string& name, const std::vector<uint64_t>& shape) {
    uint64_t elements = 1;
    for (const uint64_t size : shape) elements *= size;
    const bool norm = shape.size() == 1;
    const double amplitude = norm ? 0.1 : tensor == 0 ? 1.0 : 0.4;
    Bytes data;
    for (uint64_t i = 0; i < elements; ++i) {
      const double angle =
          1.3 * static_cast<double>(i) + 0.37 * tensor + 0.1 * static_cast<double>(i * i % 17);
      data.Number(static_cast<float>((norm ? 1.0 : 0.0) + amplitude * std::sin(angle)));
    }
    writer.Tensor(name, shape, 0, data.text());
    ++tensor;
  };
  add("token_embd.weight", {16, 258});
  add("output_norm.weight", {16});
  add("output.weight", {16, 258});
  for (int block = 0; block < kWaveBlocks; ++block) {
    const std::pair<const char*, std::vector<uint64_t>> tensors[] = {
        {"attn_norm", {16}},    {"attn_q", {16, 16}},      {"attn_k", {16, 8}},
        {"attn_v", {16, 8}},    {"attn_output", {16, 16}}, {"ffn_norm", {16}},
        {"ffn_gate", {16, 24}}, {"ffn_up", {16, 24}},      {"ffn_down", {24, 16}}};
    for (const auto& [name, shape] : tensors) {
      add(fmt::format("blk.{}.{}.weight", block, name), shape);
    }
  }
  return writer.Finish();
}

std::vector<std::vector<int32_t>> WaveSequences(int count, int tokens) {
  std::vector<std::vector<int32_t>> sequences(count);
  for (int sequence = 0; sequence < count; ++sequence) {
    for (int i = 0; i < tokens; ++i) {
      sequences[sequence].push_back((71 * sequence + 13 * i * i + 7 * i) % 258);
    }
  }
  return sequences;
}

}  // namespace strata::evaluator
