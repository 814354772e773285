#include "cli/run_config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <type_traits>
#include <utility>
#include <variant>

#include "expr/nearest_name.h"

namespace strata::cli {
namespace {

using Names = std::vector<std::string>;
using Variation = expr::VariationOptions;
using Surrogate = search::SurrogateOptions;
using Member =
    std::variant<std::string RunConfig::*, double RunConfig::*, int64_t RunConfig::*,
                 bool RunConfig::*, Names RunConfig::*, int Variation::*, double Variation::*,
                 Names Variation::*, int Surrogate::*, double Surrogate::*, bool Surrogate::*>;

template <typename Value>
const Value& FieldOf(const RunConfig& config, Value RunConfig::*member) {
  return config.*member;
}
template <typename Value>
const Value& FieldOf(const RunConfig& config, Value Variation::*member) {
  return config.variation.*member;
}
template <typename Value>
const Value& FieldOf(const RunConfig& config, Value Surrogate::*member) {
  return config.surrogate.*member;
}
template <typename Member>
auto& FieldOf(RunConfig& config, Member member) {
  using Value = std::remove_cvref_t<decltype(FieldOf(std::as_const(config), member))>;
  return const_cast<Value&>(FieldOf(std::as_const(config), member));
}

struct Option {
  const char* key;
  Member member;
  const char* meaning;
};

// Sections nest one level: "fitness.windows" is the key `windows` under `fitness`.
const Option kOptions[] = {
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
     "fp32 | bf16 | auto (bf16 where this machine's measured rate is at least 1.5 times fp32's)"},
    {"fitness.protocol", &RunConfig::fitness_protocol,
     "one-shot (dense statistics, cheap) | sequential (exact: each pruned block feeds the next)"},
    {"fitness.levels", &RunConfig::fitness_levels,
     "folder of a level database (`strata levels build`) whose weights candidates take, with the "
     "pruner sparsegpt and one-shot; none: solved for each"},
    {"selection.windows", &RunConfig::selection_windows,
     "windows of the fitness split on which finalists are compared, sequential protocol"},
    {"report.windows", &RunConfig::report_windows,
     "windows of the report split for the final numbers, sequential protocol"},
    {"report.window_tokens", &RunConfig::report_window_tokens,
     "tokens of one window, for selection and report"},
    {"report.arithmetic", &RunConfig::report_arithmetic, "fp32 | bf16, for selection and report"},
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
    {"search.warm_start", &RunConfig::warm_start,
     "functions to begin with besides the baselines: a run's folder (its front and finalists) or a "
     "function file; none: no others"},
    {"search.objectives", &RunConfig::objectives,
     "what is minimised, loss first: loss, complexity, or the name of something evaluations "
     "measure"},
    {"search.epsilon", &RunConfig::epsilon,
     "functions of the front differ by at least so much in something measured"},
    {"search.stagnation", &RunConfig::stagnation,
     "evaluations in a row without a new function on the front before the search ends; 0: no "
     "limit"},
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
    {"surrogate.loss_share", &Surrogate::loss_share,
     "share of candidates chosen by the loss alone, not by what they gain over simpler ones"},
    {"surrogate.minimum_points", &Surrogate::minimum_points,
     "measured allocations before the model is used"},
    {"surrogate.maximum_points", &Surrogate::maximum_points,
     "measured allocations that the model is fitted to"},
    {"racing.windows", &RunConfig::racing_windows,
     "numbers of windows, rising, after which a candidate that is clearly worse than its rivals is "
     "stopped; none: every candidate is measured on all of fitness.windows"},
    {"racing.rivals", &RunConfig::racing_rivals,
     "a candidate is compared with so many of the best"},
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
    {"variation.graft_weight", &Variation::graft_weight,
     "... that takes a subtree of a published function"},
    {"workers.count", &RunConfig::worker_count,
     "worker processes started on this machine; 0: wait for workers started elsewhere"},
    {"workers.threads", &RunConfig::worker_threads,
     "threads of each local worker; results can differ in the last bits between thread counts"},
    {"workers.device", &RunConfig::worker_device, "cpu, for local workers"},
    {"workers.banks", &RunConfig::worker_banks,
     "folder in which local workers keep the ranks of weights, built once and shared; none: each "
     "has its own in memory"},
    {"workers.address", &RunConfig::address,
     "where the coordinator listens: unix:PATH | 127.0.0.1:PORT | auto (a socket in the run "
     "folder)"},
    {"workers.listen", &RunConfig::listen,
     "where workers of other machines are served: HOST:PORT; needs TLS, and a token or an "
     "authority "
     "of workers' certificates; empty: nowhere"},
    {"workers.tls_certificate", &RunConfig::tls_certificate,
     "PEM file: the coordinator's certificate"},
    {"workers.tls_key", &RunConfig::tls_key, "PEM file: its key, readable by its owner alone"},
    {"workers.tls_authority", &RunConfig::tls_authority,
     "PEM file: the authority that must have signed the certificate of every worker that comes to "
     "workers.listen; empty: workers need none"},
    {"workers.token_file", &RunConfig::token_file,
     "file with the secret that workers of other machines must know, readable by its owner alone; "
     "empty: the environment variable STRATA_TOKEN, if that is set"},
};

const Option* FindOption(const std::string& key) {
  for (const Option& option : kOptions) {
    if (option.key == key) return &option;
  }
  return nullptr;
}

bool IsList(const Option& option) {
  return std::holds_alternative<Names RunConfig::*>(option.member) ||
         std::holds_alternative<Names Variation::*>(option.member);
}

bool IsSection(const std::string& name) {
  return std::any_of(std::begin(kOptions), std::end(kOptions), [&](const Option& option) {
    return std::string_view(option.key).starts_with(name + ".");
  });
}

absl::Status UnknownKey(const std::string& where, const std::string& key) {
  std::vector<std::string_view> known;
  for (const Option& option : kOptions) {
    // A key given without its section means that key, however far apart the spellings are.
    if (std::string_view(option.key).ends_with("." + key)) {
      known.assign(1, option.key);
      break;
    }
    known.emplace_back(option.key);
  }
  return absl::InvalidArgumentError(
      fmt::format("{}: unknown key '{}'; the nearest known key is '{}'", where, key,
                  expr::NearestName(key, known)));
}

template <typename Number>
bool ParseNumber(const std::string& text, Number* value) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stopped == end;
}

// "a, b" and "[a, b]" as {"a", "b"}; no names for a blank text.
Names SplitNames(const std::string& text) {
  Names names;
  const bool bracketed = text.starts_with('[') && text.ends_with(']');
  std::stringstream stream(bracketed ? text.substr(1, text.size() - 2) : text);
  for (std::string name; std::getline(stream, name, ',');) {
    const size_t first = name.find_first_not_of(" \t");
    const size_t last = name.find_last_not_of(" \t");
    names.push_back(first == std::string::npos ? "" : name.substr(first, last - first + 1));
  }
  if (names.size() == 1 && names.front().empty()) names.clear();
  return names;
}

absl::Status Assign(const Option& option, const std::string& text, const std::string& where,
                    RunConfig* config) {
  const auto wrong_type = [&](const char* expected) {
    return absl::InvalidArgumentError(
        fmt::format("{}: '{}' must be {}, found '{}'", where, option.key, expected, text));
  };
  const absl::Status status = std::visit(
      [&](auto member) -> absl::Status {
        auto& field = FieldOf(*config, member);
        using Value = std::remove_reference_t<decltype(field)>;
        if constexpr (std::is_same_v<Value, std::string>) {
          field = text;
        } else if constexpr (std::is_same_v<Value, Names>) {
          field = SplitNames(text);
        } else if constexpr (std::is_same_v<Value, bool>) {
          if (text != "true" && text != "false") return wrong_type("true or false");
          field = text == "true";
        } else if (!ParseNumber(text, &field)) {
          return wrong_type(std::is_floating_point_v<Value> ? "a number" : "a whole number");
        }
        return absl::OkStatus();
      },
      option.member);
  if (!status.ok()) return status;
  config->origins[option.key] = where;
  return absl::OkStatus();
}

std::string At(const std::string& origin, const YAML::Node& node) {
  return fmt::format("{}:{}", origin, node.Mark().line + 1);
}

std::string TextOf(const Names& names) { return fmt::format("{}", fmt::join(names, ", ")); }

template <typename Value>
std::string TextOf(const Value& value) {
  return fmt::format("{}", value);
}

// A scalar as written; a list as its elements with commas between.
absl::StatusOr<std::string> ScalarText(const YAML::Node& value, const std::string& key,
                                       const std::string& where) {
  if (value.IsScalar()) return value.Scalar();
  Names names;
  for (const auto& element : value) {
    if (!element.IsScalar() || element.Scalar().find(',') != std::string::npos) {
      return absl::InvalidArgumentError(
          fmt::format("{}: '{}' must be a list of names without commas", where, key));
    }
    names.push_back(element.Scalar());
  }
  return TextOf(names);
}

absl::Status ReadNode(const YAML::Node& node, const std::string& prefix, const std::string& origin,
                      RunConfig* config) {
  for (const auto& item : node) {
    const std::string key = prefix + item.first.as<std::string>();
    const std::string where = At(origin, item.first);
    if (IsSection(key) && prefix.empty()) {
      if (!item.second.IsMap()) {
        return absl::InvalidArgumentError(
            fmt::format("{}: '{}' must be a section with keys of its own", where, key));
      }
      if (absl::Status status = ReadNode(item.second, key + ".", origin, config); !status.ok()) {
        return status;
      }
      continue;
    }
    const Option* option = FindOption(key);
    if (option == nullptr) return UnknownKey(where, key);
    const bool list = IsList(*option);
    if (!item.second.IsScalar() && !(list && item.second.IsSequence())) {
      return absl::InvalidArgumentError(fmt::format("{}: '{}' must be a {}, found a {}", where, key,
                                                    list ? "list of names" : "single value",
                                                    item.second.IsMap()        ? "section"
                                                    : item.second.IsSequence() ? "list"
                                                                               : "blank"));
    }
    if (config->origins.contains(key)) {
      return absl::InvalidArgumentError(
          fmt::format("{}: '{}' is set twice (first at {})", where, key, config->origins.at(key)));
    }
    const absl::StatusOr<std::string> text = ScalarText(item.second, key, where);
    if (!text.ok()) return text.status();
    if (absl::Status status = Assign(*option, *text, where, config); !status.ok()) return status;
  }
  return absl::OkStatus();
}

std::string ValueText(const Option& option, const RunConfig& config) {
  return std::visit([&](auto member) { return TextOf(FieldOf(config, member)); }, option.member);
}

// Finer units than blocks differ in size, kind and fan, and have a block to be refined within.
void UseGranularityDefaults(RunConfig* config) {
  if (config->granularity == "block") return;
  const std::string origin = "granularity " + config->granularity;
  if (config->origins.emplace("variation.sources", origin).second) {
    config->variation.sources.insert(config->variation.sources.end(), {"size", "fan", "attention"});
  }
  if (config->origins.emplace("variation.excluded", origin).second) {
    std::erase(config->variation.excluded, "within");
    std::erase(config->variation.excluded, "kindminmax");
  }
}

}  // namespace

absl::StatusOr<RunConfig> RunConfigFromYaml(const std::string& yaml, const std::string& origin) {
  RunConfig config;
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(yaml);
    if (documents.size() > 1) {
      return absl::InvalidArgumentError(fmt::format(
          "{}: expected one YAML document, found {} (separated by ---)", origin, documents.size()));
    }
    const YAML::Node root = documents.empty() ? YAML::Node() : documents.front();
    if (!root.IsNull() && !root.IsMap()) {
      return absl::InvalidArgumentError(
          fmt::format("{}: expected keys and values at the top level", origin));
    }
    if (absl::Status status = ReadNode(root, "", origin, &config); !status.ok()) return status;
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        fmt::format("{}:{}: not valid YAML: {}", origin, error.mark.line + 1, error.msg));
  }
  return config;
}

absl::Status SetOption(const std::string& key, const std::string& text, const std::string& origin,
                       RunConfig* config) {
  const Option* option = FindOption(key);
  if (option == nullptr) return UnknownKey(origin, key);
  return Assign(*option, text, origin, config);
}

absl::StatusOr<RunConfig> LoadRunConfig(const std::string& path,
                                        const std::vector<std::string>& overrides) {
  absl::StatusOr<RunConfig> config = RunConfig();
  if (!path.empty()) {
    std::ifstream file(path);
    std::stringstream text;
    if (!file.is_open() || !(text << file.rdbuf())) {
      return absl::NotFoundError(fmt::format("cannot read the configuration '{}'", path));
    }
    config = RunConfigFromYaml(text.str(), path);
    if (!config.ok()) return config;
  }
  for (const std::string& text : overrides) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return absl::InvalidArgumentError(
          fmt::format("--set '{}': expected KEY=VALUE, e.g. search.seed=2", text));
    }
    if (absl::Status status =
            SetOption(text.substr(0, equals), text.substr(equals + 1), "--set", &*config);
        !status.ok()) {
      return status;
    }
  }
  UseGranularityDefaults(&*config);
  return config;
}

std::vector<ConfigEntry> DescribeRunConfig(const RunConfig& config) {
  std::vector<ConfigEntry> entries;
  for (const Option& option : kOptions) {
    const auto origin = config.origins.find(option.key);
    entries.push_back({option.key, ValueText(option, config),
                       origin == config.origins.end() ? "default" : origin->second,
                       option.meaning});
  }
  return entries;
}

std::string RunConfigToYaml(const RunConfig& config) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  std::string section;
  for (const Option& option : kOptions) {
    std::string key = option.key;
    const size_t dot = key.find('.');
    const std::string wanted = dot == std::string::npos ? "" : key.substr(0, dot);
    if (wanted != section) {
      if (!section.empty()) out << YAML::EndMap;
      if (!wanted.empty()) out << YAML::Key << wanted << YAML::Value << YAML::BeginMap;
      section = wanted;
    }
    if (dot != std::string::npos) key = key.substr(dot + 1);
    out << YAML::Key << key << YAML::Value;
    if (std::holds_alternative<std::string RunConfig::*>(option.member) || IsList(option)) {
      out << YAML::DoubleQuoted;
    }
    out << ValueText(option, config);
  }
  if (!section.empty()) out << YAML::EndMap;
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace strata::cli
