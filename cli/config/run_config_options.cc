#include "cli/config/run_config_options.h"

namespace strata::cli {
namespace {

const RunConfigOption kOptions[] = {
    {"model", &RunConfig::model, "Hugging Face directory or GGUF file"},
    {"text", &RunConfig::text,
     "text to measure on: a folder of .txt files, a .jsonl file or a plain file; its documents are "
     "dealt to three disjoint splits (calibration, fitness, report)"},
    {"run", &RunConfig::run, "folder of the run: results, log files, everything needed to resume"},
    {"target_sparsity", &RunConfig::target_sparsity,
     "fraction of all prunable weights removed, between 0 and 1"},
    {"pruner", &RunConfig::pruner, "magnitude | wanda | ria | sparsegpt"},
    {"group", &RunConfig::group,
     "0: zeros anywhere; M: whole numbers of zeros in every M neighbouring inputs of a row (n:M), "
     "at most 128"},
    {"granularity", &RunConfig::granularity,
     "one sparsity per: block | kind (attention, feed-forward part of a block) | linear"},
    {"allocation.minimum", &RunConfig::minimum_sparsity, "smallest sparsity of any unit"},
    {"allocation.maximum", &RunConfig::maximum_sparsity, "largest sparsity of any unit, below 1"},
    {"calibration.sequences", &RunConfig::calibration_sequences,
     "calibration sequences, from the calibration split"},
    {"calibration.sequence_tokens", &RunConfig::calibration_sequence_tokens,
     "tokens of one calibration sequence"},
    {"fitness.windows", &RunConfig::fitness_windows,
     "windows of the fitness split on which every candidate is measured"},
    {"fitness.window_tokens", &RunConfig::fitness_window_tokens, "tokens of one window"},
    {"fitness.arithmetic", &RunConfig::fitness_arithmetic,
     "of all passes: fp32 | bf16 | auto (bf16 where this machine's measured rate is at least 1.5 "
     "times fp32's)"},
    {"fitness.protocol", &RunConfig::fitness_protocol,
     "one-shot (dense statistics, cheap) | refreshed (statistics of the model that one-shot gives) "
     "| "
     "sequential (each pruned block feeds the next; exact in fp32)"},
    {"fitness.levels", &RunConfig::fitness_levels,
     "folder of a level database (`strata levels build`) whose weights candidates take, with the "
     "pruner sparsegpt and one-shot; none: solved for each"},
    {"fitness.tasks", &RunConfig::fitness_tasks,
     "task files (.yaml, .jsonl), or folders of them, that give the zero-shot error; half of the "
     "items of each serve the fitness, the others the report"},
    {"fitness.task_items", &RunConfig::fitness_task_items,
     "items of each task on which every candidate is measured, where search.objectives holds "
     "zero_shot_error; 0: all of the half"},
    {"selection.windows", &RunConfig::selection_windows,
     "windows of the fitness split on which finalists are compared, sequential protocol"},
    {"report.windows", &RunConfig::report_windows,
     "windows of the report split for the final numbers, sequential protocol"},
    {"report.window_tokens", &RunConfig::report_window_tokens,
     "tokens of one window, for selection and report"},
    {"report.arithmetic", &RunConfig::report_arithmetic, "fp32 | bf16, for selection and report"},
    {"report.task_items", &RunConfig::report_task_items,
     "items of each task for the final zero-shot errors; 0: all of the half"},
    {"search.seed", &RunConfig::seed, "the same seed gives the same run"},
    {"search.strategy", &RunConfig::strategy,
     "strata | random | hill_climbing | dsa (DSA's own operators and amplitude)"},
    {"search.population", &RunConfig::population,
     "parents are drawn from the best so many candidates"},
    {"search.lag", &RunConfig::lag,
     "candidate k is bred from candidates up to k - lag; several times the number of workers"},
    {"search.random_candidates", &RunConfig::random_candidates,
     "random functions that join the baselines in the first population"},
    {"search.maximum_evaluations", &RunConfig::maximum_evaluations,
     "distinct allocations measured before the search ends; 0: no limit"},
    {"search.minutes", &RunConfig::minutes,
     "time after which the search ends and finalists are verified; 0: no limit"},
    {"search.finalists", &RunConfig::finalists,
     "members of the front verified exactly, besides every baseline's best setting"},
    {"search.baselines", &RunConfig::baselines,
     "names of published functions to compare with (`strata functions`); none: all that apply"},
    {"search.baseline_units", &RunConfig::baseline_units,
     "units that the published functions look at where the run's are finer than blocks: run (the "
     "run's own) | block (all units of a block alike) | both"},
    {"search.warm_start", &RunConfig::warm_start,
     "functions to begin with besides the baselines: of each entry, a run's folder (its front and "
     "finalists), a function file or an expression; none: no others"},
    {"search.objectives", &RunConfig::objectives,
     "what is minimised, loss first: loss, complexity, zero_shot_error (of fitness.tasks)"},
    {"search.epsilon", &RunConfig::epsilon,
     "functions of the front differ by at least so much in something measured"},
    {"search.stagnation", &RunConfig::stagnation,
     "evaluations in a row without a new function on the front before the search ends; 0: no "
     "limit"},
    {"refine.evaluations", &RunConfig::refine_evaluations,
     "after verification, so many allocations near the best one's are tried, measured as for "
     "selection; each time that slopes are measured counts as one; kept apart in results; 0: none"},
    {"refine.slopes", &RunConfig::refine_slopes,
     "descend along the slopes of the loss (its derivative by every sparsity, from one backward "
     "pass, arithmetic of fitness) before level switches are tried"},
    {"refine.slope_windows", &RunConfig::refine_slope_windows,
     "windows of the fitness split that slopes are measured on, of report.window_tokens"},
    {"search.islands", &RunConfig::islands, "separate populations that exchange their best"},
    {"search.restart_after", &RunConfig::restart_after,
     "results in a row that change no population before it is emptied; 0: never"},
    {"search.adaptive_operators", &RunConfig::adaptive_operators,
     "the weights of the mutations follow their success"},
    {"search.maximum_nodes", &Variation::maximum_nodes, "largest expression, in nodes"},
    {"search.maximum_depth", &Variation::maximum_depth, "deepest expression, in nodes"},
    {"surrogate.enabled", &Surrogate::enabled,
     "a model of the loss chooses among many offspring the one that is measured"},
    {"surrogate.proposals", &Surrogate::proposals, "offspring to choose from"},
    {"surrogate.amplitude_steps", &Surrogate::amplitude_steps,
     "steps on the numbers of the chosen one, on the model"},
    {"surrogate.unfiltered_share", &Surrogate::unfiltered_share,
     "share of candidates that are bred without the model"},
    {"surrogate.feature_pool", &Surrogate::feature_pool,
     "features measured at the beginning, so that functions of them can be judged"},
    {"surrogate.optimism", &Surrogate::optimism,
     "standard deviations that a predicted loss is lowered by"},
    {"surrogate.trust_radius", &Surrogate::trust_radius,
     "root mean square difference of sparsities from the nearest of the best (search.population) "
     "up "
     "to which a candidate is proposed; 0: any"},
    {"surrogate.loss_share", &Surrogate::loss_share,
     "share of candidates chosen by the loss alone, not by what they gain over simpler ones"},
    {"surrogate.minimum_points", &Surrogate::minimum_points,
     "measured allocations before the model is used"},
    {"surrogate.maximum_points", &Surrogate::maximum_points,
     "measured allocations that the model is fitted to"},
    {"racing.levels", &RunConfig::racing_levels,
     "cheaper measurements, each 'WINDOWS [PROTOCOL [ARITHMETIC]]', after which a candidate that "
     "is "
     "clearly worse than its rivals is stopped; none: every candidate is measured as fitness says"},
    {"racing.rivals", &RunConfig::racing_rivals,
     "a candidate is compared with so many of the best"},
    {"robust.sparsities", &RunConfig::robust_sparsities,
     "further target sparsities; every function is measured at all of them"},
    {"robust.models", &RunConfig::robust_models,
     "further models; every function is measured on all of them"},
    {"robust.texts", &RunConfig::robust_texts,
     "further texts, each of which calibrates and measures every model"},
    {"robust.aggregate", &RunConfig::robust_aggregate,
     "what becomes of the losses in all models x texts x sparsities: mean | worst (of their shares "
     "of the damage that uniform sparsities do) | pareto (each is an objective)"},
    {"features.gradients", &RunConfig::gradients,
     "allow gradients of the loss (the source G): a backward pass of the model"},
    {"features.gradient_free", &RunConfig::gradient_free,
     "allow losses of perturbed weights (the source sensitivity): two passes of the model per "
     "unit"},
    {"features.spectra", &RunConfig::spectra,
     "allow singular values of the matrices for baselines (alpha); random functions take them only "
     "where variation.excluded lets them"},
    {"variation.sources", &Variation::sources,
     "sources that random functions and mutations use; seeds may hold others"},
    {"variation.excluded", &Variation::excluded,
     "operators that random functions and mutations do not introduce; seeds may hold them"},
    {"variation.crossover_probability", &Variation::crossover_probability,
     "share of offspring made by crossover; the others are mutations"},
    {"variation.perturb_parameter_weight", &Variation::perturb_parameter_weight,
     "relative weight of the mutation that changes a number"},
    {"variation.replace_operator_weight", &Variation::replace_operator_weight,
     "... that puts another operator above the same operands"},
    {"variation.swap_source_weight", &Variation::swap_source_weight,
     "... that puts another source of the same type"},
    {"variation.replace_subtree_weight", &Variation::replace_subtree_weight,
     "... that puts a random subtree of the same type"},
    {"variation.insert_weight", &Variation::insert_weight, "... that inserts an operator"},
    {"variation.delete_weight", &Variation::delete_weight, "... that removes an operator"},
    {"variation.hoist_weight", &Variation::hoist_weight,
     "... that replaces a subtree by one below it"},
    {"variation.combine_weight", &Variation::combine_weight,
     "... that combines a subtree with a random one"},
    {"variation.refine_weight", &Variation::refine_weight,
     "... that shifts or refines an allocation by another function; of use where units are finer "
     "than blocks"},
    {"variation.graft_weight", &Variation::graft_weight,
     "... that takes a subtree of a published function"},
    {"workers.count", &RunConfig::worker_count,
     "worker processes started on this machine; 0: wait for workers started elsewhere"},
    {"workers.threads", &RunConfig::worker_threads,
     "threads of each local worker; results can differ in the last bits between thread counts"},
    {"workers.device", &RunConfig::worker_device, "cpu, for local workers"},
    {"workers.banks", &RunConfig::worker_banks,
     "folder in which local workers keep the weights in float32 and their ranks, built once, "
     "mapped "
     "and so in memory once; none: each has its own"},
    {"workers.task_minutes", &RunConfig::task_minutes,
     "local workers kill an evaluation that takes longer; 0: never"},
    {"workers.hang_minutes", &RunConfig::hang_minutes,
     "... that makes no step for so long; 0: never"},
    {"workers.memory_gib", &RunConfig::memory_gib,
     "... whose process takes more memory of its own, mapped files not counted; 0: never"},
    {"workers.address", &RunConfig::address,
     "where the coordinator listens: unix:PATH | 127.0.0.1:PORT | auto (a socket in the run "
     "folder)"},
    {"workers.listen", &RunConfig::listen,
     "where workers of other machines are served: HOST:PORT; needs TLS, and a token or an "
     "authority of workers' certificates; empty: nowhere"},
    {"workers.tls_certificate", &RunConfig::tls_certificate,
     "PEM file: the coordinator's certificate"},
    {"workers.tls_key", &RunConfig::tls_key, "PEM file: its key, readable by its owner alone"},
    {"workers.tls_authority", &RunConfig::tls_authority,
     "PEM file: the authority that must have signed the certificate of every worker that comes to "
     "workers.listen; empty: workers need none"},
    {"workers.token_file", &RunConfig::token_file,
     "file with the tokens that others must know, readable by its owner alone: lines worker:TOKEN, "
     "viewer:TOKEN, operator:TOKEN, or a worker's alone; empty: the environment variable "
     "STRATA_TOKEN, if that is set"},
    {"workers.announcement", &RunConfig::announcement,
     "file into which the coordinator writes where it serves workers.listen, for workers started "
     "with --coordinator file:PATH; empty: none"},
    {"workers.advertised_host", &RunConfig::advertised_host,
     "name or address of this machine in that file; empty: its host name"},
    {"workers.absence_seconds", &RunConfig::absence_seconds,
     "with work waiting and no worker for so long the search stops; it can be resumed"},
    {"workers.metrics", &RunConfig::metrics,
     "where the coordinator answers Prometheus: 127.0.0.1:PORT, open to this machine; or, where "
     "workers.listen is set, any HOST:PORT, with TLS for viewers' and operators' tokens; empty: "
     "nowhere"},
    {"workers.log_format", &RunConfig::log_format,
     "text | json (one object a line), of coordinator.log"},
    {"storage.fsync", &RunConfig::storage_fsync,
     "commit (an acknowledged result survives a power loss) | checkpoint (a power loss may undo "
     "the "
     "last results, which are then measured again)"},
    {"storage.network_file_system", &RunConfig::storage_network_file_system,
     "refuse | allow: a run folder on NFS, SMB, Lustre, GPFS, FUSE and the like, where SQLite's "
     "locks cannot be trusted"},
};

}  // namespace

std::span<const RunConfigOption> RunConfigOptions() { return kOptions; }

}  // namespace strata::cli
