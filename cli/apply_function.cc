#include "cli/apply_function.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "cli/config/bytes_budget.h"
#include "evaluator/names.h"
#include "expr/allocation.h"
#include "expr/shortened.h"
#include "expr/status_macros.h"
#include "workers/wire/measurement_plan.h"

namespace strata::cli {

namespace {

// Returns an empty text, or why no sparsity between 0 and 1 gives this share of the bytes.
std::string WhyNotBytesShare(const std::string& text) {
  double share = 0;
  if (CLI::detail::lexical_cast(text, share) && SparsityOfBytesShare(share) > 0 &&
      SparsityOfBytesShare(share) < 1) {
    return "";
  }
  return fmt::format("expected a number above {} and below {}, found {}", BytesShareOfSparsity(1),
                     BytesShareOfSparsity(0), expr::Shortened(text));
}

// Adds --sparsity and --bytes-share, see AddAllocationOptions.
void AddTargetOptions(CLI::App* subcommand, AllocationOptions* options,
                      std::vector<double>* sparsities) {
  constexpr const char* kShareMeaning =
      "In place of --sparsity: {} of the dense 16-bit bytes that the pruned linears take as a "
      "bitmap and 16-bit weights. The sparsity is 1 - share + 1/16.";
  CLI::Option* sparsity = nullptr;
  CLI::Option* share = nullptr;
  if (sparsities == nullptr) {
    sparsity = subcommand->add_option("--sparsity", options->target.sparsity,
                                      "Share of all weights to prune.");
    share = subcommand->add_option_function<double>(
        "--bytes-share",
        [options](double value) { options->target.sparsity = SparsityOfBytesShare(value); },
        fmt::format(kShareMeaning, "share"));
  } else {
    sparsity = subcommand->add_option("--sparsity", *sparsities,
                                      "Shares of all weights to prune, separated by commas. Either "
                                      "this or --bytes-share is required.");
    share = subcommand->add_option_function<std::vector<double>>(
        "--bytes-share",
        [sparsities](const std::vector<double>& values) {
          for (const double value : values) sparsities->push_back(SparsityOfBytesShare(value));
        },
        fmt::format(kShareMeaning, "shares, separated by commas,"));
    for (CLI::Option* option : {sparsity, share}) {
      option->delimiter(',')->take_all()->allow_extra_args(false);
    }
  }
  share->check(WhyNotBytesShare)->excludes(sparsity);
}

}  // namespace

void AddAllocationOptions(CLI::App* subcommand, AllocationOptions* options,
                          std::vector<double>* sparsities) {
  options->verb = subcommand;
  subcommand
      ->add_option("--model", options->measurement.model, "Hugging Face directory or GGUF file.")
      ->required();
  AddTargetOptions(subcommand, options, sparsities);
  subcommand->add_option("--minimum", options->target.minimum, "Lowest sparsity of a unit.")
      ->capture_default_str();
  subcommand->add_option("--maximum", options->target.maximum, "Highest sparsity of a unit.")
      ->capture_default_str();
  subcommand
      ->add_option("--group", options->target.group,
                   "M of an n:M pattern: every M neighbouring weights of a row hold the same "
                   "number of zeros. M is at most 128. 0: any sparsity.")
      ->capture_default_str();
  subcommand
      ->add_option("--granularity", options->granularity,
                   "Unit that gets one sparsity: block | kind | linear.")
      ->capture_default_str();
  AddMeasurementOptions(subcommand, &options->measurement);
}

void TakeRecipe(RecipeMerge* merge, bool needs_text, AllocationOptions* options) {
  const Recipe& stored = merge->stored();
  FeatureMeasurement& measurement = options->measurement;
  // Sparsities that a file holds need no target and no bounds, so their defaults mean nothing.
  const auto take = [&](const char* property, const char* option,
                        const std::optional<double>& share, double* value) {
    if (share || merge->IsGiven(option)) merge->Take(property, option, share, value);
  };
  take("target sparsity", "--sparsity", stored.target_sparsity, &options->target.sparsity);
  take("minimum sparsity", "--minimum", stored.minimum_sparsity, &options->target.minimum);
  take("maximum sparsity", "--maximum", stored.maximum_sparsity, &options->target.maximum);
  merge->Take("group", "--group", stored.group, &options->target.group);
  merge->Take("granularity", "--granularity", stored.granularity, &options->granularity);
  if (needs_text) merge->TakeText("--text", &measurement.text);
  merge->Take("calibration sequences", "--calibration-sequences", stored.calibration_sequences,
              &measurement.calibration.sequences);
  merge->Take("calibration sequence tokens", "--calibration-sequence-tokens",
              stored.calibration_sequence_tokens, &measurement.calibration.sequence_tokens);
}

std::function<bool(const std::string&)> GivenOptions(const CLI::App* verb) {
  return [verb](const std::string& name) {
    const auto is_given = [verb](const std::string& wanted) {
      const CLI::Option* option = verb->get_option_no_throw(wanted);
      return option != nullptr && option->count() > 0;
    };
    return is_given(name) || (name == "--sparsity" && is_given("--bytes-share"));
  };
}

absl::StatusOr<evaluator::Granularity> GranularityOf(const AllocationOptions& options) {
  evaluator::Granularity granularity = evaluator::Granularity::kBlock;
  if (absl::Status status = evaluator::ParseName(options.granularity, &granularity); !status.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("--granularity: {}", std::string(status.message())));
  }
  return granularity;
}

namespace {

// Reads a function for one target. Errors: those of ReadFunctionArgument; InvalidArgument if it
// yields no sparsities.
absl::StatusOr<AppliedFunction> ReadFor(double sparsity, const std::string& function,
                                        const evaluator::ModelSummary& model,
                                        evaluator::Granularity granularity,
                                        const AllocationOptions& options) {
  AppliedFunction applied;
  applied.model = model;
  applied.granularity = granularity;
  applied.target = options.target;
  applied.target.sparsity = sparsity;
  STRATA_RETURN_IF_ERROR(expr::ValidateTarget(applied.target));
  STRATA_ASSIGN_OR_RETURN(
      applied.function,
      ReadFunctionArgument(function, evaluator::LayoutOf(model, granularity), sparsity));
  if (expr::TypeOf(applied.function.expression) != expr::ValueType::kAllocation) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' gives no sparsities: put it into one that does, as in span(..., 0.15)",
                    expr::Shortened(applied.function.name)));
  }
  return applied;
}

}  // namespace

absl::StatusOr<AppliedFunction> ApplyFunction(const std::string& function,
                                              const evaluator::ModelSummary& model,
                                              const AllocationOptions& options) {
  STRATA_ASSIGN_OR_RETURN(auto applied, ApplyFunctionAt(std::span(&options.target.sparsity, 1),
                                                        function, model, options));
  return std::move(applied.front());
}

absl::StatusOr<std::vector<AppliedFunction>> ApplyFunctionAt(std::span<const double> sparsities,
                                                             const std::string& function,
                                                             const evaluator::ModelSummary& model,
                                                             const AllocationOptions& options) {
  STRATA_ASSIGN_OR_RETURN(const auto granularity, GranularityOf(options));
  STRATA_RETURN_IF_ERROR(evaluator::CheckGroup(model, options.target.group));
  std::vector<AppliedFunction> functions;
  std::set<std::string> features;
  for (const double sparsity : sparsities) {
    STRATA_ASSIGN_OR_RETURN(auto applied, ReadFor(sparsity, function, model, granularity, options));
    const std::vector<std::string> names = expr::RequiredFeatures(applied.function.expression);
    features.insert(names.begin(), names.end());
    functions.push_back(std::move(applied));
  }
  STRATA_ASSIGN_OR_RETURN(const auto table,
                          MeasureFeatureTable(options.measurement, model, granularity,
                                              {features.begin(), features.end()}));
  for (AppliedFunction& applied : functions) {
    STRATA_ASSIGN_OR_RETURN(
        applied.allocation,
        expr::EvaluateAllocation(applied.function.expression, table, applied.target));
    const std::string mixed = expr::WhyUniformIsMixed(applied.target);
    if (!mixed.empty()) fmt::print(stderr, "{}\n", mixed);
  }
  return functions;
}

}  // namespace strata::cli
