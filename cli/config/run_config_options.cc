#include "cli/config/run_config_options.h"

#include <fmt/format.h>

#include "cli/config/bytes_budget.h"
#include "evaluator/names.h"
#include "evaluator/pruner_table.h"

namespace strata::cli {
namespace {

// No rule in the table. Bounds of allocations, settings of variation and addresses are checked
// together (run_config_check.cc).
constexpr Anything kAnything;
constexpr Importance kBasic = Importance::kBasic;
constexpr Importance kAdvanced = Importance::kAdvanced;

constexpr double kLongestMinutes = 1e6;  // about two years

constexpr NumberRange From(double minimum, double maximum) { return {minimum, maximum}; }
constexpr NumberRange AtLeast(double minimum) { return {minimum, kMany}; }
constexpr NumberRange Above(double minimum, double maximum) {
  return {minimum, maximum, true, false};
}
constexpr NumberRange Between(double minimum, double maximum) {
  return {minimum, maximum, true, true};
}

template <typename Value>
struct IsOptional : std::false_type {};
template <typename Value>
struct IsOptional<std::optional<Value>> : std::true_type {};

// True for the name of an enumerator. What NameOf returns for any other value is none.
template <typename Enum>
bool IsNameOf(const std::string& name) {
  if constexpr (std::is_same_v<Enum, search::StrategyKind>) {
    return search::FindStrategyKind(name) != nullptr;
  } else if constexpr (std::is_same_v<Enum, search::Aggregate>) {
    return search::FindAggregate(name) != nullptr;
  } else if constexpr (requires(Enum * value) { ParseName(name, value); }) {
    Enum value;
    return ParseName(name, &value).ok();
  } else {
    return !name.empty();
  }
}

// Returns the names of an enumeration without gaps, in the order of its values. nullopt comes last.
template <typename Value>
Names NamesOf() {
  Names names;
  if constexpr (std::is_same_v<Value, evaluator::Pruner>) {
    for (const evaluator::PrunerRow& row : evaluator::Pruners()) names.emplace_back(row.name);
  } else if constexpr (IsOptional<Value>::value) {
    names = NamesOf<typename Value::value_type>();
    names.push_back(NameOf(Value()));
  } else {
    for (int i = 0;; ++i) {
      std::string name(NameOf(static_cast<Value>(i)));
      if (!IsNameOf<Value>(name)) break;
      names.push_back(std::move(name));
    }
  }
  return names;
}

template <auto member>
constexpr EnumMember EnumOf() {
  using Value = std::remove_cvref_t<decltype(std::declval<RunConfig&>().*member)>;
  return {NamesOf<Value>,
          [](const RunConfig& config) { return std::string(NameOf(config.*member)); },
          [](size_t index, RunConfig* config) {
            if constexpr (IsOptional<Value>::value) {
              using Enum = typename Value::value_type;
              const bool has_value = index < NamesOf<Enum>().size();
              config->*member = has_value ? Value(static_cast<Enum>(index)) : std::nullopt;
            } else {
              config->*member = static_cast<Value>(index);
            }
          }};
}

constexpr RunConfigOption kOptions[] = {
    {"model", &RunConfig::model, NotEmpty{}, kBasic, "Hugging Face directory or GGUF file"},
    {"text", &RunConfig::text, NotEmpty{}, kBasic,
     "text to measure on: a folder, each .txt file of which is a document; a .jsonl file, each "
     "line "
     "of which is one; or another file, cut into documents of whole lines and at least 4,096 "
     "bytes; "
     "the documents, at least 7, are dealt to three disjoint splits (calibration, fitness, "
     "report)"},
    {"run", &RunConfig::run, NotEmpty{}, kBasic,
     "folder of the run: results, log files, everything needed to resume"},
    {"target_sparsity", &RunConfig::target_sparsity, Between(0, 1), kBasic,
     "fraction of all prunable weights removed, between 0 and 1"},
    {"target_bytes_share", &RunConfig::target_bytes_share, From(0, 1 + kBitmapShare), kAdvanced,
     "in place of target_sparsity: share of the dense 16-bit bytes that the pruned linears take as "
     "a bitmap and 16-bit weights; the sparsity is 1 - share + 1/16 (0 = not used)"},
    {"pruner", EnumOf<&RunConfig::pruner>(), kAnything, kBasic, ""},
    {"group", &RunConfig::group, From(0, 128), kBasic,
     "0: zeros anywhere; M: whole numbers of zeros in every M neighbouring inputs of a row (n:M), "
     "at most 128"},
    {"granularity", EnumOf<&RunConfig::granularity>(), kAnything, kBasic,
     "one sparsity per: block | kind (attention, feed-forward part of a block) | linear"},
    {"allocation.minimum", &RunConfig::minimum_sparsity, kAnything, kAdvanced,
     "smallest sparsity of any unit"},
    {"allocation.maximum", &RunConfig::maximum_sparsity, kAnything, kAdvanced,
     "largest sparsity of any unit, below 1"},
    {"calibration.sequences", &RunConfig::calibration_sequences, AtLeast(1), kBasic,
     "calibration sequences, from the calibration split"},
    {"calibration.sequence_tokens", &RunConfig::calibration_sequence_tokens, AtLeast(1), kBasic,
     "tokens of one calibration sequence"},
    {"fitness.windows", &RunConfig::fitness_windows, AtLeast(1), kBasic,
     "windows of the fitness split on which every candidate is measured"},
    {"fitness.window_tokens", &RunConfig::fitness_window_tokens, AtLeast(2), kBasic,
     "tokens of one window"},
    {"fitness.arithmetic", EnumOf<&RunConfig::fitness_arithmetic>(), kAnything, kAdvanced,
     "arithmetic of all passes: fp32 | bf16 | auto (bf16 if its measured rate on this machine is "
     "at "
     "least 1.5 times that of fp32)"},
    {"fitness.protocol", EnumOf<&RunConfig::fitness_protocol>(), kAnything, kBasic,
     "one-shot (dense statistics, cheap) | "
     "sequential (each pruned block feeds the next; exact in fp32)"},
    {"fitness.measure", EnumOf<&RunConfig::fitness_measure>(), kAnything, kAdvanced,
     "loss (of the text) | kl (divergence from the dense model's predictions, in nats; slopes stay "
     "those of the loss)"},
    {"fitness.levels", &RunConfig::fitness_levels, kAnything, kAdvanced,
     "folder of a level database (`strata levels build`) whose weights candidates take, with the "
     "pruner sparsegpt and one-shot; none: solved for each"},
    {"fitness.tasks", &RunConfig::fitness_tasks, kAnything, kBasic,
     "task files (.yaml, .jsonl), or folders of them, that give the zero-shot error; half of the "
     "items of each serve the fitness, the others the report"},
    {"fitness.task_items", &RunConfig::fitness_task_items, From(0, 1e6), kAdvanced,
     "number of items per task on which every candidate is measured if search.objectives holds "
     "zero_shot_error (0 = all of the half)"},
    {"selection.windows", &RunConfig::selection_windows, AtLeast(1), kBasic,
     "windows of the fitness split on which finalists are compared, sequential protocol"},
    {"selection.measure", EnumOf<&RunConfig::selection_measure>(), kAnything, kAdvanced,
     "loss | kl, as for fitness.measure; for the refinement too; the report is always the loss"},
    {"report.windows", &RunConfig::report_windows, AtLeast(1), kBasic,
     "windows of the report split for the final numbers, sequential protocol"},
    {"report.window_tokens", &RunConfig::report_window_tokens, AtLeast(2), kAdvanced,
     "tokens of one window, for selection and report"},
    {"report.arithmetic", EnumOf<&RunConfig::report_arithmetic>(), kAnything, kAdvanced,
     "fp32 | bf16, for selection and report"},
    {"report.task_items", &RunConfig::report_task_items, From(0, 1e6), kAdvanced,
     "number of items per task for the final zero-shot errors (0 = all of the half)"},
    {"search.seed", &RunConfig::seed, From(0, static_cast<double>(INT64_MAX)), kBasic,
     "the same seed gives the same run"},
    {"search.strategy", EnumOf<&RunConfig::strategy>(), kAnything, kAdvanced,
     "strata | random | hill_climbing | dsa (DSA's own operators and amplitude) | "
     "evopress (no functions: baselines, then refine.method evopress from uniform sparsities)"},
    {"search.population", &RunConfig::population, From(2, 1000), kAdvanced,
     "number of best candidates from which parents are drawn"},
    {"search.lag", &RunConfig::lag, From(1, 1e4), kAdvanced,
     "candidate k is bred from candidates up to k - lag; several times the number of workers"},
    {"search.random_candidates", &RunConfig::random_candidates, From(0, 1e4), kAdvanced,
     "random functions that join the baselines in the first population"},
    {"search.maximum_evaluations", &RunConfig::maximum_evaluations, AtLeast(0), kBasic,
     "number of distinct allocations after which the search ends; 0: no limit"},
    {"search.minutes", &RunConfig::minutes, From(0, kLongestMinutes), kBasic,
     "time after which the search ends and finalists are verified; 0: no limit"},
    {"search.finalists", &RunConfig::finalists, AtLeast(1), kBasic,
     "members of the front verified exactly, besides every baseline's best setting"},
    {"search.baselines", &RunConfig::baselines, kAnything, kBasic,
     "names of published functions to compare with (`strata functions`); none: all that apply"},
    {"search.baseline_units", EnumOf<&RunConfig::baseline_units>(), kAnything, kAdvanced,
     "units that the published functions look at if the run's units are finer than blocks: run "
     "(the "
     "run's own) | block (all units of a block alike) | both"},
    {"search.baseline_settings", EnumOf<&RunConfig::baseline_settings>(), kAnything, kAdvanced,
     "all: every setting of every published function | tuned: the default and two further ones, "
     "then the neighbours of the best for the better half of the functions | brief: the default, "
     "then "
     "its neighbours for the best three functions"},
    {"search.warm_start", &RunConfig::warm_start, kAnything, kAdvanced,
     "functions to begin with besides the baselines; each entry is a run's folder (its front and "
     "finalists), a function file or an expression"},
    {"search.objectives", &RunConfig::objectives, kAnything, kBasic,
     "what is minimised, loss first: loss, complexity, zero_shot_error (of fitness.tasks)"},
    {"search.epsilon", &RunConfig::epsilon, From(0, 100), kAdvanced,
     "smallest difference between two functions of the front in a measured objective"},
    {"search.stagnation", &RunConfig::stagnation, AtLeast(0), kAdvanced,
     "evaluations in a row without a new function on the front before the search ends; 0: no "
     "limit"},
    {"search.descent_interval", &RunConfig::descent_interval, From(0, 1e6), kAdvanced,
     "at most one in so many candidates steps down the slopes of the loss from the best function, "
     "for which one backward pass is measured; 0: none"},
    {"search.maximum_nodes", &Variation::maximum_nodes, From(4, expr::kMaximumNodes), kAdvanced,
     "largest expression, in nodes"},
    {"search.maximum_depth", &Variation::maximum_depth, From(4, expr::kMaximumDepth), kAdvanced,
     "deepest expression, in nodes"},
    {"refine.evaluations", &RunConfig::refine_evaluations, From(0, 1e6), kBasic,
     "number of allocations near the best one that are tried after verification, measured as for "
     "selection; a measurement of slopes counts as one; results keep them apart; 0: none"},
    {"refine.start", EnumOf<&RunConfig::refine_start>(), kAnything, kAdvanced,
     "allocation to begin with: best (of the finalists, by selection) | baseline (the best one, by "
     "selection) | uniform"},
    {"refine.method", EnumOf<&RunConfig::refine_method>(), kAnything, kAdvanced,
     "descent (along slopes, then switches that a model of the loss chooses) | evopress (EvoPress' "
     "evolution of levels; evaluations count by windows, one is selection.windows)"},
    {"refine.slopes", &RunConfig::refine_slopes, kAnything, kAdvanced,
     "descend along the slopes of the loss (its derivative by every sparsity, from one backward "
     "pass, arithmetic of fitness) before level switches are tried"},
    {"refine.slope_windows", &RunConfig::refine_slope_windows, From(1, 1e6), kAdvanced,
     "windows of the fitness split that slopes are measured on, of report.window_tokens"},
    {"refine.evopress_offspring", &RunConfig::evopress_offspring, From(1, 1e5), kAdvanced,
     "offspring of each generation of the method evopress"},
    {"refine.evopress_rungs", &RunConfig::evopress_rungs, kAnything, kAdvanced,
     "its rungs before the full measurement, each 'WINDOWS SURVIVORS'; none: EvoPress' own, a "
     "32nd of selection.windows with 8 survivors and a quarter with 2"},
    {"refine.evopress_levels", &RunConfig::evopress_levels, From(1, 1000), kAdvanced,
     "number of levels of sparsity that a unit may move away from the start in each direction"},
    {"refine.evopress_level_step", &RunConfig::evopress_level_step, From(0, 0.5), kAdvanced,
     "weights of a level, as a share of those of the unit of median size; 0: EvoPress' own, half "
     "of the smaller of sparsity and density, divided by the levels; with a group, a level is "
     "1/group of a unit"},
    {"surrogate.enabled", &Surrogate::enabled, kAnything, kAdvanced,
     "whether a model of the loss chooses which of many offspring is measured"},
    {"surrogate.proposals", &Surrogate::proposals, From(1, 1e5), kAdvanced,
     "offspring to choose from"},
    {"surrogate.generations", &Surrogate::generations, From(1, 1000), kAdvanced,
     "generations of such offspring, each bred from the most promising of the one before"},
    {"surrogate.amplitude_steps", &Surrogate::amplitude_steps, From(0, 1e5), kAdvanced,
     "steps of tuning the numbers of the chosen offspring on the model"},
    {"surrogate.unfiltered_share", &Surrogate::unfiltered_share, From(0, 1), kAdvanced,
     "share of candidates that are bred without the model"},
    {"surrogate.feature_pool", &Surrogate::feature_pool, From(0, 1e4), kAdvanced,
     "features measured at the beginning, so that functions of them can be judged"},
    {"surrogate.optimism", &Surrogate::optimism, From(0, 100), kAdvanced,
     "number of standard deviations by which a predicted loss is lowered"},
    {"surrogate.trust_radius", &Surrogate::trust_radius, From(0, 1), kAdvanced,
     "root mean square difference of sparsities from the nearest of the best (search.population) "
     "up to which a candidate is proposed; 0: any"},
    {"surrogate.loss_share", &Surrogate::loss_share, From(0, 1), kAdvanced,
     "share of candidates chosen by their loss alone, not by their gain over simpler ones"},
    {"surrogate.minimum_points", &Surrogate::minimum_points, From(2, 1e6), kAdvanced,
     "measured allocations before the model is used"},
    {"surrogate.maximum_points", &Surrogate::maximum_points, From(4, 2000), kAdvanced,
     "measured allocations that the model is fitted to"},
    {"racing.rungs", &RunConfig::racing_rungs, kAnything, kAdvanced,
     "cheaper measurements, each 'WINDOWS [PROTOCOL [ARITHMETIC]]', after which a candidate that "
     "is clearly worse than its rivals is stopped; none: every candidate is measured at once as "
     "fitness says"},
    {"racing.rivals", &RunConfig::racing_rivals, From(1, 1000), kAdvanced,
     "number of best candidates with which a candidate is compared"},
    {"robust.sparsities", &RunConfig::robust_sparsities, kAnything, kAdvanced,
     "further target sparsities; every function is measured at all of them"},
    {"robust.models", &RunConfig::robust_models, kAnything, kAdvanced,
     "further models; every function is measured on all of them"},
    {"robust.texts", &RunConfig::robust_texts, kAnything, kAdvanced,
     "further texts, each of which calibrates and measures every model"},
    {"robust.aggregate", EnumOf<&RunConfig::robust_aggregate>(), kAnything, kAdvanced,
     "how the losses of all models x texts x sparsities are combined: mean | worst (of their "
     "shares "
     "of the damage that uniform sparsities do) | pareto (each is an objective)"},
    {"features.gradients", &RunConfig::gradients, kAnything, kAdvanced,
     "allow gradients of the loss (the source G): a backward pass of the model"},
    {"features.gradient_free", &RunConfig::gradient_free, kAnything, kAdvanced,
     "allow losses of perturbed weights (the source sensitivity): two passes of the model per "
     "unit"},
    {"features.spectra", &RunConfig::spectra, kAnything, kAdvanced,
     "allow singular values of the matrices for baselines (alpha); random functions take them only "
     "where variation.excluded lets them"},
    {"variation.sources", &Variation::sources, kAnything, kAdvanced,
     "sources that random functions and mutations use; seeds may hold others"},
    {"variation.excluded", &Variation::excluded, kAnything, kAdvanced,
     "operators that random functions and mutations do not introduce; seeds may hold them"},
    {"variation.crossover_probability", &Variation::crossover_probability, kAnything, kAdvanced,
     "share of offspring made by crossover; the others are mutations"},
    {"variation.perturb_parameter_weight", &Variation::perturb_parameter_weight, kAnything,
     kAdvanced, "relative weight of the mutation that changes a number"},
    {"variation.replace_operator_weight", &Variation::replace_operator_weight, kAnything, kAdvanced,
     "... that puts another operator above the same operands"},
    {"variation.swap_source_weight", &Variation::swap_source_weight, kAnything, kAdvanced,
     "... that puts another source of the same type"},
    {"variation.replace_subtree_weight", &Variation::replace_subtree_weight, kAnything, kAdvanced,
     "... that puts a random subtree of the same type"},
    {"variation.insert_weight", &Variation::insert_weight, kAnything, kAdvanced,
     "... that inserts an operator"},
    {"variation.delete_weight", &Variation::delete_weight, kAnything, kAdvanced,
     "... that removes an operator"},
    {"variation.hoist_weight", &Variation::hoist_weight, kAnything, kAdvanced,
     "... that replaces a subtree by one below it"},
    {"variation.combine_weight", &Variation::combine_weight, kAnything, kAdvanced,
     "... that combines a subtree with a random one"},
    {"variation.adjust_weight", &Variation::adjust_weight, kAnything, kAdvanced,
     "... that adjusts an allocation by another function; useful if units are finer than blocks"},
    {"variation.graft_weight", &Variation::graft_weight, kAnything, kAdvanced,
     "... that takes a subtree of a published function"},
    {"workers.count", &RunConfig::worker_count, From(0, 1024), kBasic,
     "worker processes started on this machine; 0: wait for workers started elsewhere"},
    {"workers.threads", &RunConfig::worker_threads, From(1, 1024), kBasic,
     "threads of each local worker; results can differ in the last bits between thread counts"},
    {"workers.device", EnumOf<&RunConfig::worker_device>(), kAnything, kBasic,
     "cpu, for local workers"},
    {"workers.banks", &RunConfig::worker_banks, kAnything, kAdvanced,
     "folder in which local workers keep the weights in float32 and their ranks, built once, "
     "mapped and so in memory once; none: each has its own"},
    {"workers.evaluation_minutes", &RunConfig::evaluation_minutes, From(0, kLongestMinutes),
     kAdvanced, "local workers kill an evaluation that takes longer; 0: never"},
    {"workers.hang_minutes", &RunConfig::hang_minutes, From(0, kLongestMinutes), kAdvanced,
     "... that makes no progress for this long; 0: never"},
    {"workers.memory_gib", &RunConfig::memory_gib, From(0, 1e6), kAdvanced,
     "... whose process takes more memory of its own, mapped files not counted; 0: never"},
    {"workers.address", &RunConfig::address, kAnything, kAdvanced,
     "where the coordinator listens: unix:PATH | 127.0.0.1:PORT | auto (a socket in the run "
     "folder)"},
    {"workers.listen", &RunConfig::listen, kAnything, kAdvanced,
     "where workers of other machines are served: HOST:PORT; needs TLS, and a token or an "
     "authority of workers' certificates; empty: nowhere"},
    {"workers.tls_certificate", &RunConfig::tls_certificate, kAnything, kAdvanced,
     "PEM file: the coordinator's certificate"},
    {"workers.tls_key", &RunConfig::tls_key, kAnything, kAdvanced,
     "PEM file: its key, readable by its owner alone"},
    {"workers.tls_authority", &RunConfig::tls_authority, kAnything, kAdvanced,
     "PEM file: the authority that must have signed the certificate of every worker that comes to "
     "workers.listen; empty: workers need none"},
    {"workers.token_file", &RunConfig::token_file, kAnything, kAdvanced,
     "file with the tokens that others must know, readable by its owner alone: lines worker:TOKEN, "
     "viewer:TOKEN, operator:TOKEN, or a worker's alone; empty: the environment variable "
     "STRATA_TOKEN, if that is set"},
    {"workers.announcement", &RunConfig::announcement, kAnything, kAdvanced,
     "file into which the coordinator writes where it serves workers.listen, for workers started "
     "with --coordinator file:PATH; empty: none"},
    {"workers.advertised_host", &RunConfig::advertised_host, kAnything, kAdvanced,
     "name or address of this machine in that file; empty: its host name"},
    {"workers.absence_seconds", &RunConfig::absence_seconds, Above(0, 60 * kLongestMinutes),
     kAdvanced, "with work waiting and no worker for so long the search stops; it can be resumed"},
    {"workers.metrics", &RunConfig::metrics, kAnything, kAdvanced,
     "where the coordinator answers Prometheus: 127.0.0.1:PORT, open to this machine; or, where "
     "workers.listen is set, any HOST:PORT, with TLS for viewers' and operators' tokens; empty: "
     "nowhere"},
    {"workers.log_format", EnumOf<&RunConfig::log_format>(), kAnything, kAdvanced,
     "text | json (one object a line), of coordinator.log"},
    {"storage.fsync", EnumOf<&RunConfig::storage_fsync>(), kAnything, kAdvanced,
     "commit (an acknowledged result survives a power loss) | checkpoint (a power loss may undo "
     "the last results, which are then measured again)"},
    {"storage.network_file_system", EnumOf<&RunConfig::storage_network_file_system>(), kAnything,
     kAdvanced,
     "refuse | allow: a run folder on NFS, SMB, Lustre, GPFS, FUSE and the like, where SQLite's "
     "locks cannot be trusted"},
};

constexpr RenamedKey kRenamedKeys[] = {
    {"racing.levels", "racing.rungs"},
    {"variation.refine_weight", "variation.adjust_weight"},
    {"workers.task_minutes", "workers.evaluation_minutes"},
};

constexpr const char* kRemovedKeys[] = {"search.islands", "search.restart_after",
                                        "search.adaptive_operators"};

template <typename Value>
std::string TextOf(const Value& value) {
  return fmt::format("{}", value);
}

}  // namespace

std::span<const RunConfigOption> RunConfigOptions() { return kOptions; }

std::span<const RenamedKey> RenamedKeys() { return kRenamedKeys; }

std::span<const char* const> RemovedKeys() { return kRemovedKeys; }

std::string TextOf(const Names& names) { return fmt::format("{}", fmt::join(names, ", ")); }

std::string ValueText(const RunConfigOption& option, const RunConfig& config) {
  return std::visit(
      [&](auto member) -> std::string {
        if constexpr (std::is_same_v<decltype(member), EnumMember>) {
          return member.get(config);
        } else {
          return TextOf(FieldOf(config, member));
        }
      },
      option.member);
}

}  // namespace strata::cli
