#include "cli/apply_function.h"

#include <fmt/format.h>

#include <utility>

#include "workers/wire/measurement_plan.h"

namespace strata::cli {

CLI::Option* AddAllocationOptions(CLI::App* subcommand, AllocationOptions* options) {
  subcommand
      ->add_option("--model", options->measurement.model, "Hugging Face directory or GGUF file")
      ->required();
  CLI::Option* sparsity = subcommand->add_option("--sparsity", options->target.sparsity,
                                                 "share of weights to prune, overall");
  subcommand->add_option("--minimum", options->target.minimum, "least sparsity of a unit")
      ->capture_default_str();
  subcommand->add_option("--maximum", options->target.maximum, "largest sparsity of a unit")
      ->capture_default_str();
  subcommand
      ->add_option("--group", options->target.group,
                   "M: whole numbers of zeros in every M weights (n:M), at most 128; 0: any "
                   "sparsity")
      ->capture_default_str();
  subcommand->add_option("--granularity", options->granularity, "block | kind | linear")
      ->capture_default_str();
  AddMeasurementOptions(subcommand, &options->measurement);
  return sparsity;
}

absl::StatusOr<evaluator::Granularity> GranularityOf(const AllocationOptions& options) {
  evaluator::Granularity granularity = evaluator::Granularity::kBlock;
  if (absl::Status status = workers::ParseName(options.granularity, &granularity); !status.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("--granularity: {}", std::string(status.message())));
  }
  return granularity;
}

absl::StatusOr<AppliedFunction> ApplyFunction(const std::string& function,
                                              const evaluator::ModelSummary& model,
                                              const AllocationOptions& options) {
  AppliedFunction applied;
  applied.model = model;
  applied.target = options.target;
  if (absl::Status status = expr::ValidateTarget(options.target); !status.ok()) return status;
  const auto granularity = GranularityOf(options);
  if (!granularity.ok()) return granularity.status();
  applied.granularity = *granularity;
  if (absl::Status status = evaluator::CheckGroup(model, options.target.group); !status.ok()) {
    return status;
  }
  auto read = ReadFunctionArgument(function, evaluator::LayoutOf(model, *granularity),
                                   options.target.sparsity);
  if (!read.ok()) return read.status();
  applied.function = *std::move(read);
  if (expr::TypeOf(applied.function.expression) != expr::ValueType::kAllocation) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' gives no sparsities: put it into one that does, as in span(..., 0.15)",
                    applied.function.name));
  }
  const auto table = MeasureFeatureTable(options.measurement, model, *granularity,
                                         expr::RequiredFeatures(applied.function.expression));
  if (!table.ok()) return table.status();
  auto allocation = expr::EvaluateAllocation(applied.function.expression, *table, options.target);
  if (!allocation.ok()) return allocation.status();
  applied.allocation = *std::move(allocation);
  return applied;
}

}  // namespace strata::cli
