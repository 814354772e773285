#include "evaluator/model_summary.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "evaluator/digest.h"
#include "evaluator/gguf_file.h"
#include "evaluator/utf8.h"

namespace strata::evaluator {
namespace {

struct LinearName {
  const char* hugging_face;
  const char* gguf;
  expr::UnitKind kind;
};

constexpr expr::UnitKind kAttention = expr::UnitKind::kAttention;
constexpr expr::UnitKind kFeedForward = expr::UnitKind::kFeedForward;

constexpr LinearName kLinears[] = {
    {"self_attn.q_proj", "attn_q", kAttention},  {"self_attn.k_proj", "attn_k", kAttention},
    {"self_attn.v_proj", "attn_v", kAttention},  {"self_attn.o_proj", "attn_output", kAttention},
    {"mlp.gate_proj", "ffn_gate", kFeedForward}, {"mlp.up_proj", "ffn_up", kFeedForward},
    {"mlp.down_proj", "ffn_down", kFeedForward},
};

absl::StatusOr<LinearShape> ReadLinear(const GgufFile& file, int block, const LinearName& name) {
  const absl::StatusOr<const GgufTensor*> tensor =
      file.Tensor(fmt::format("blk.{}.{}.weight", block, name.gguf));
  if (!tensor.ok()) return tensor.status();
  const std::vector<int64_t>& shape = (*tensor)->shape;
  if (shape.size() != 2) {
    return absl::DataLossError(fmt::format("{}: tensor \"{}\": expected 2 dimensions, found [{}]",
                                           file.path(), (*tensor)->name, fmt::join(shape, ", ")));
  }
  return LinearShape{.name = name.hugging_face,
                     .block = block,
                     .rows = shape[0],
                     .columns = shape[1],
                     .kind = name.kind};
}

absl::StatusOr<std::string> ModelName(const GgufFile& file) {
  absl::StatusOr<std::string> name = file.String("general.name");
  if (absl::IsNotFound(name.status()) || (name.ok() && name->empty())) {
    return std::filesystem::path(file.path()).stem().string();
  }
  if (!name.ok()) return name;
  const size_t well_formed = WellFormedBytes(*name);
  if (well_formed != name->size()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: general.name: expected UTF-8, found the byte {:#04x} at position {}",
                    file.path(), static_cast<unsigned char>((*name)[well_formed]), well_formed));
  }
  return name;
}

absl::Status CheckArchitecture(const GgufFile& file) {
  const absl::StatusOr<std::string> architecture = file.String("general.architecture");
  if (!architecture.ok()) return architecture.status();
  if (*architecture == "llama") return absl::OkStatus();
  return absl::UnimplementedError(fmt::format(
      "{}: architecture \"{}\" is not supported; supported is llama", file.path(), *architecture));
}

}  // namespace

absl::StatusOr<ModelSummary> SummarizeModel(const std::string& path) {
  const absl::StatusOr<std::unique_ptr<GgufFile>> opened = GgufFile::Open(path);
  if (!opened.ok()) return opened.status();
  const GgufFile& file = **opened;
  if (absl::Status status = CheckArchitecture(file); !status.ok()) return status;
  const absl::StatusOr<int64_t> blocks = file.Integer("llama.block_count");
  if (!blocks.ok()) return blocks.status();
  // Every block has tensors of its own, so a larger count cannot be true.
  if (*blocks < 1 || *blocks > static_cast<int64_t>(file.tensors().size())) {
    return absl::DataLossError(
        fmt::format("{}: llama.block_count: expected 1 to the number of tensors ({}), found {}",
                    path, file.tensors().size(), *blocks));
  }
  ModelSummary summary;
  summary.family = "llama";
  summary.blocks = static_cast<int>(*blocks);
  for (int block = 0; block < summary.blocks; ++block) {
    for (const LinearName& name : kLinears) {
      absl::StatusOr<LinearShape> linear = ReadLinear(file, block, name);
      if (!linear.ok()) return linear.status();
      summary.linears.push_back(*std::move(linear));
    }
  }
  absl::StatusOr<std::string> name = ModelName(file);
  if (!name.ok()) return name.status();
  summary.name = *std::move(name);
  absl::StatusOr<std::string> digest = Sha256OfFile(path);
  if (!digest.ok()) return digest.status();
  summary.digest = *std::move(digest);
  return summary;
}

}  // namespace strata::evaluator
