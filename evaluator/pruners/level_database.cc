#include "evaluator/pruners/level_database.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "evaluator/pruners/input_hessians.h"
#include "expr/status_macros.h"
#include "pruning/sparsity_pattern.h"

namespace strata::evaluator {
namespace {

std::span<const std::byte> BytesOf(const at::Tensor& contiguous) {
  return {static_cast<const std::byte*>(contiguous.const_data_ptr()), contiguous.nbytes()};
}

// The values behind `bytes`, which stay where they are; a file's entries are aligned.
at::Tensor TensorOver(std::span<const std::byte> bytes, at::ScalarType type,
                      at::IntArrayRef shape) {
  return at::from_blob(const_cast<std::byte*>(bytes.data()), shape, at::TensorOptions(type));
}

at::ScalarType TypeOf(LevelStore store) {
  return store == LevelStore::kFloat32 ? at::kFloat : at::kBFloat16;
}

std::vector<std::byte> DeadInputBits(const BlockFactors& factors) {
  std::vector<std::byte> bits;
  for (const pruning::HessianFactor& factor : factors) {
    const size_t first = bits.size();
    bits.resize(first + DeadInputBytes(factor.inverse.size(0)));
    for (const int64_t input : factor.dead) {
      bits[first + input / 8] |= std::byte{1} << (input % 8);
    }
  }
  return bits;
}

// Solves for and appends one entry of a block after the other.
class BlockSolver {
 public:
  BlockSolver(const TransformerModel& model, const LevelLayout& layout, BankWriter& writer,
              const Progress& progress)
      : model_(model), layout_(layout), writer_(writer), progress_(progress) {}

  absl::Status Solve(int block, const BlockMatrices& matrices, const BlockFactors& factors) {
    if (writer_.next() == layout_.DeadInputsEntry(block)) {
      STRATA_RETURN_IF_ERROR(writer_.Append(DeadInputBits(factors)));
    }
    for (int linear = 0; linear < model_.config().linears_per_block(); ++linear) {
      for (int level = 0; level < layout_.settings().grid.size(); ++level) {
        const int entry = layout_.WeightsEntry(block, linear, level);
        if (entry < writer_.next()) continue;
        STRATA_RETURN_IF_ERROR(CheckProgress());
        absl::Status status =
            SolveLevel(level, matrices.Linear(model_.config(), linear),
                       factors[static_cast<int>(InputOf(model_.config(), linear))]);
        if (!status.ok()) return InLinear(status, block, linear);
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckProgress() const {
    const BankLayout& bank = layout_.bank();
    if (writer_.next() == static_cast<int>(bank.entries().size())) return absl::OkStatus();
    const auto fraction =
        static_cast<double>(bank.offset(writer_.next())) / static_cast<double>(bank.file_bytes());
    if (!progress_ || progress_(fraction)) return absl::OkStatus();
    return absl::CancelledError("stopped while solving for levels");
  }

 private:
  absl::Status SolveLevel(int level, const at::Tensor& dense,
                          const pruning::HessianFactor& factor) {
    const LevelSettings& settings = layout_.settings();
    STRATA_ASSIGN_OR_RETURN(const auto pattern, pruning::PatternFor(settings.grid.level(level),
                                                                    settings.group, dense.size(1)));
    at::Tensor weights = dense.clone(at::MemoryFormat::Contiguous);
    STRATA_RETURN_IF_ERROR(pruning::SparseGptPrune(factor, pattern, weights).status());
    if (settings.store == LevelStore::kFloat32) return writer_.Append(BytesOf(weights));
    const at::Tensor rounded = at::empty_like(weights, at::kBFloat16);
    pruning::ToBFloat16(ValuesOf(weights), BFloat16BitsOf(rounded));
    return writer_.Append(BytesOf(rounded));
  }

  const TransformerModel& model_;
  const LevelLayout& layout_;
  BankWriter& writer_;
  const Progress& progress_;
};

}  // namespace

absl::Status ComputeLevels(const TransformerModel& model, const Windows& sequences,
                           const LevelLayout& layout, BankWriter& writer,
                           const Progress& progress) {
  const at::InferenceMode guard;
  const ModelConfig& config = model.config();
  const auto sequence_count = static_cast<int64_t>(sequences.size());
  BlockForward forward(config, static_cast<int64_t>(sequences.front().size()),
                       Arithmetic::kFloat32);
  at::Tensor hidden = model.Embed(sequences);
  BlockSolver solver(model, layout, writer, progress);
  const auto entries = static_cast<int>(layout.bank().entries().size());
  for (int block = 0; block < config.blocks && writer.next() < entries; ++block) {
    STRATA_RETURN_IF_ERROR(solver.CheckProgress());
    const BlockMatrices matrices = model.matrices(block);
    if (writer.next() >= layout.DeadInputsEntry(block + 1)) {
      forward.Run(matrices, model.vectors(block), hidden);
      continue;
    }
    const absl::StatusOr<BlockFactors> factors =
        RunAndFactor(forward, matrices, model.vectors(block), sequence_count, hidden);
    if (!factors.ok()) {
      return absl::Status(
          factors.status().code(),
          fmt::format("block {}, {}", block, std::string(factors.status().message())));
    }
    STRATA_RETURN_IF_ERROR(solver.Solve(block, matrices, *factors));
  }
  return absl::OkStatus();
}

absl::StatusOr<LevelDatabase> LevelDatabase::Open(const std::string& folder,
                                                  const ModelSummary& model,
                                                  const std::string& text_digest) {
  absl::StatusOr<BankFile> file = BankFile::Open(LevelFilePath(folder));
  if (absl::IsNotFound(file.status())) {
    return absl::NotFoundError(
        fmt::format("{}: expected a level database, found none: `strata levels build` makes one",
                    LevelFilePath(folder)));
  }
  if (!file.ok()) return file.status();
  STRATA_ASSIGN_OR_RETURN(const LevelSettings settings, LevelSettingsOf(*file));
  absl::Status status =
      CheckLevels(*file, model, text_digest, settings.calibration, settings.group);
  if (!status.ok()) return status;
  STRATA_ASSIGN_OR_RETURN(LevelLayout layout, LevelLayout::Create(model, text_digest, settings));
  if (layout.bank().entries() != file->layout().entries()) {
    return absl::DataLossError(fmt::format(
        "{}: the entries do not fit the model whose digest the file names: build it again",
        file->path()));
  }
  return LevelDatabase(std::make_unique<BankFile>(*std::move(file)), std::move(layout));
}

OneShotLevels::OneShotLevels(const TransformerModel& model, const LevelDatabase& database,
                             pruning::LevelChoice choice, Arithmetic arithmetic)
    : model_(model), database_(database), choice_(std::move(choice)) {
  const at::InferenceMode guard;
  buffer_ = BlockMatrices::Allocate(model.config(), arithmetic);
}

absl::StatusOr<std::unique_ptr<OneShotLevels>> OneShotLevels::Create(
    const TransformerModel& model, const LevelDatabase& database,
    std::span<const BlockSparsity> sparsity, Arithmetic arithmetic) {
  const std::vector<BlockTensor> tensors = BlockTensorsOf(model.config());
  std::vector<int64_t> parameters;
  std::vector<double> wanted;
  for (const BlockSparsity& block : sparsity) {
    for (int linear = 0; linear < model.config().linears_per_block(); ++linear) {
      parameters.push_back(tensors[linear].shape[0] * tensors[linear].shape[1]);
      wanted.push_back(block[linear]);
    }
  }
  absl::StatusOr<pruning::LevelChoice> choice =
      pruning::ChooseLevels(database.layout().settings().grid, parameters, wanted);
  if (!choice.ok()) {
    return absl::Status(
        choice.status().code(),
        fmt::format("{}: {}", database.file().path(), std::string(choice.status().message())));
  }
  return std::unique_ptr<OneShotLevels>(
      new OneShotLevels(model, database, *std::move(choice), arithmetic));
}

// What SparseGPT leaves at sparsity 0: the weights of dead inputs go.
absl::Status OneShotLevels::LoadDense(int block, int linear, at::Tensor& weights) {
  STRATA_ASSIGN_OR_RETURN(const auto bits,
                          database_.file().Entry(database_.layout().DeadInputsEntry(block)));
  weights.copy_(model_.matrices(block).Linear(model_.config(), linear));
  const ModelConfig& config = model_.config();
  const std::vector<BlockTensor> tensors = BlockTensorsOf(config);
  const auto first_linears = FirstLinearOfInputs(config.linears_per_block());
  int64_t first = 0;
  for (int input = 0; input < static_cast<int>(InputOf(config, linear)); ++input) {
    first += DeadInputBytes(tensors[first_linears[input]].shape[1]);
  }
  for (int64_t column = 0; column < weights.size(1); ++column) {
    const std::byte bit = std::byte{1} << (column % 8);
    if ((bits[first + column / 8] & bit) != std::byte{0}) weights.select(1, column).zero_();
  }
  return absl::OkStatus();
}

absl::Status OneShotLevels::LoadLevel(int entry, at::Tensor& weights) {
  STRATA_ASSIGN_OR_RETURN(const auto bytes, database_.file().Entry(entry));
  weights.copy_(TensorOver(bytes, TypeOf(database_.layout().settings().store), weights.sizes()));
  return absl::OkStatus();
}

absl::StatusOr<PrunedBlock> OneShotLevels::Next(int block) {
  const at::InferenceMode guard;
  PrunedBlock pruned{buffer_, 0};
  const int per_block = model_.config().linears_per_block();
  for (int linear = 0; linear < per_block; ++linear) {
    at::Tensor weights = buffer_.Linear(model_.config(), linear);
    const int level = choice_.levels[block * per_block + linear];
    const int entry = database_.layout().WeightsEntry(block, linear, level);
    absl::Status status = entry < 0 ? LoadDense(block, linear, weights) : LoadLevel(entry, weights);
    if (!status.ok()) return status;
    pruned.zeros += weights.numel() - weights.count_nonzero().item<int64_t>();
  }
  return pruned;
}

}  // namespace strata::evaluator
