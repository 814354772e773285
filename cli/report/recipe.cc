#include "cli/report/recipe.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "cli/shared/output.h"
#include "evaluator/names.h"
#include "expr/status_macros.h"
#include "search/store/run_store.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;

// Ranges of the options that a stored value replaces.
constexpr int64_t kLargestGroup = 128;
constexpr int64_t kMost = 1 << 20;

// Reads values of one JSON object. The first value of a wrong type makes the status an error, which
// names the file and the key.
class RecipeReader {
 public:
  explicit RecipeReader(std::string path) : path_(std::move(path)) {}

  // Returns the value of a key; nullopt if the object lacks it.
  std::optional<std::string> Text(const Json& object, const char* key) {
    const Json* value = Find(object, key, "a text", [](const Json& j) { return j.is_string(); });
    return value == nullptr ? std::nullopt : std::optional(value->get<std::string>());
  }

  std::optional<int64_t> Whole(const Json& object, const char* key, int64_t lowest,
                               int64_t highest) {
    const std::string expected = fmt::format("a whole number from {} to {}", lowest, highest);
    const Json* value = Find(object, key, expected, [&](const Json& j) {
      return j.is_number_integer() && j >= lowest && j <= highest;
    });
    return value == nullptr ? std::nullopt : std::optional(value->get<int64_t>());
  }

  std::optional<double> Share(const Json& object, const char* key) {
    const Json* value = Find(object, key, "a number from 0 to less than 1", [](const Json& j) {
      return j.is_number() && j.get<double>() >= 0 && j.get<double>() < 1;
    });
    return value == nullptr ? std::nullopt : std::optional(value->get<double>());
  }

  // Returns the name of a value of the enumeration.
  template <typename Enumeration>
  std::optional<std::string> Name(const Json& object, const char* key) {
    std::optional<std::string> name = Text(object, key);
    Enumeration ignored{};
    if (!name) return name;
    if (const absl::Status known = evaluator::ParseName(*name, &ignored); !known.ok()) {
      Refuse(fmt::format("\"{}\": {}", key, std::string(known.message())));
    }
    return name;
  }

  // Returns the object of a key; an empty one if there is none.
  Json Object(const Json& object, const char* key) {
    const Json* value = Find(object, key, "an object", [](const Json& j) { return j.is_object(); });
    return value == nullptr ? Json::object() : *value;
  }

  const absl::Status& status() const { return status_; }

 private:
  template <typename Predicate>
  const Json* Find(const Json& object, const char* key, const std::string& expected,
                   const Predicate& is_right) {
    const auto found = object.find(key);
    if (found == object.end()) return nullptr;
    if (is_right(*found)) return &*found;
    Refuse(fmt::format("\"{}\": expected {}, found {}", key, expected,
                       found->dump(-1, ' ', false, Json::error_handler_t::replace)));
    return nullptr;
  }

  void Refuse(const std::string& what) {
    status_.Update(absl::InvalidArgumentError(fmt::format("'{}': {}", path_, what)));
  }

  std::string path_;
  absl::Status status_;
};

std::string ModelText(const std::string& name, const std::string& digest) {
  return fmt::format("{}, digest {}", name, digest);
}

}  // namespace

Recipe RecipeOf(const RunConfig& config, const Json& model, const std::string& text_digest,
                const std::string& source) {
  Recipe recipe;
  recipe.source = source;
  recipe.pruner = NameOf(config.pruner);
  recipe.protocol = NameOf(evaluator::Protocol::kSequential);
  recipe.granularity = NameOf(config.granularity);
  recipe.arithmetic = NameOf(config.report_arithmetic);
  recipe.group = config.group;
  recipe.calibration_sequences = config.calibration_sequences;
  recipe.calibration_sequence_tokens = config.calibration_sequence_tokens;
  recipe.target_sparsity = config.target_sparsity;
  recipe.minimum_sparsity = config.minimum_sparsity;
  recipe.maximum_sparsity = config.maximum_sparsity;
  recipe.model_name = model.value("name", "");
  recipe.model_digest = model.value("digest", "");
  recipe.text = config.text;
  recipe.text_digest = text_digest;
  return recipe;
}

absl::StatusOr<Recipe> ReadRunRecipe(const std::string& folder) {
  STRATA_ASSIGN_OR_RETURN(const auto store, search::RunStore::OpenForReading(folder));
  STRATA_ASSIGN_OR_RETURN(const auto yaml, store->Property(search::kConfigProperty));
  STRATA_ASSIGN_OR_RETURN(const auto model, store->Property("model"));
  STRATA_ASSIGN_OR_RETURN(const auto text_digest, store->Property("text_digest"));
  if (!yaml.has_value()) {
    return absl::NotFoundError(
        fmt::format("'{}' holds no configuration: the run never started", folder));
  }
  STRATA_ASSIGN_OR_RETURN(const auto config, RunConfigFromYaml(*yaml, folder + "/config"));
  const Json described = Json::parse(model.value_or(""), nullptr, /*allow_exceptions=*/false);
  if (!described.is_object()) {
    return absl::DataLossError(
        fmt::format("'{}': the stored description of the model is damaged", folder));
  }
  return RecipeOf(config, described, text_digest.value_or(""), folder);
}

absl::StatusOr<Recipe> ReadRecipe(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return Recipe();
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Recipe();
  RecipeReader reader(path);
  Recipe recipe;
  recipe.source = path;
  recipe.pruner = reader.Name<evaluator::Pruner>(json, "pruner");
  recipe.protocol = reader.Name<evaluator::Protocol>(json, "protocol");
  // Exports of version 0.1.0 name the protocol only beside the measurement.
  if (!recipe.protocol) {
    recipe.protocol =
        reader.Name<evaluator::Protocol>(reader.Object(json, "measured"), "selection_protocol");
  }
  recipe.granularity = reader.Name<evaluator::Granularity>(json, "granularity");
  recipe.arithmetic = reader.Name<evaluator::Arithmetic>(json, "arithmetic");
  recipe.group = reader.Whole(json, "group", 0, kLargestGroup);
  recipe.target_sparsity = reader.Share(json, "target_sparsity");
  const Json bounds = reader.Object(json, "bounds");
  recipe.minimum_sparsity = reader.Share(bounds, "minimum");
  recipe.maximum_sparsity = reader.Share(bounds, "maximum");
  const Json calibration = reader.Object(json, "calibration");
  recipe.calibration_sequences = reader.Whole(calibration, "sequences", 1, kMost);
  recipe.calibration_sequence_tokens = reader.Whole(calibration, "sequence_tokens", 1, kMost);
  recipe.text = reader.Text(calibration, "text").value_or("");
  recipe.text_digest = reader.Text(calibration, "text_digest").value_or("");
  // strata.json of a pruned model names the model that was pruned as its source.
  const Json model = reader.Object(json, json.contains("model") ? "model" : "source");
  recipe.model_name = reader.Text(model, "name").value_or("");
  recipe.model_digest = reader.Text(model, "digest").value_or("");
  if (!reader.status().ok()) return reader.status();
  return recipe;
}

std::string OtherModelRemark(const Recipe& recipe, const std::string& model_name,
                             const std::string& model_digest) {
  if (recipe.model_digest.empty() || recipe.model_digest == model_digest) return "";
  return fmt::format("'{}' is for another model: {}, not {}", recipe.source,
                     ModelText(recipe.model_name, recipe.model_digest),
                     ModelText(model_name, model_digest));
}

Json RecipeJson(const Recipe& recipe) {
  Json json = Json::object();
  const auto put = [](Json* object, const char* key, const auto& value) {
    if (value) (*object)[key] = *value;
  };
  put(&json, "target_sparsity", recipe.target_sparsity);
  if (recipe.minimum_sparsity && recipe.maximum_sparsity) {
    json["bounds"] = {{"minimum", *recipe.minimum_sparsity}, {"maximum", *recipe.maximum_sparsity}};
  }
  put(&json, "granularity", recipe.granularity);
  put(&json, "pruner", recipe.pruner);
  put(&json, "group", recipe.group);
  put(&json, "protocol", recipe.protocol);
  put(&json, "arithmetic", recipe.arithmetic);
  Json calibration = Json::object();
  if (!recipe.text.empty()) calibration["text"] = recipe.text;
  if (!recipe.text_digest.empty()) calibration["text_digest"] = recipe.text_digest;
  put(&calibration, "sequences", recipe.calibration_sequences);
  put(&calibration, "sequence_tokens", recipe.calibration_sequence_tokens);
  if (!calibration.empty()) json["calibration"] = std::move(calibration);
  return json;
}

RecipeMerge::RecipeMerge(const Recipe& stored, std::function<bool(const std::string&)> is_given)
    : stored_(stored), is_given_(std::move(is_given)) {}

bool RecipeMerge::IsGiven(const std::string& option) const {
  return !option.empty() && is_given_(option);
}

void RecipeMerge::Record(const std::string& property, const std::string& option, bool given,
                         const std::optional<std::string>& stored, const std::string& used) {
  Row row{property, used, given ? option : "default", ""};
  if (stored && !given) {
    row.value = *stored;
    row.from = stored_.source;
  } else if (stored && *stored != used) {
    row.instead_of = *stored;
    remarks_.push_back(fmt::format("{} {} counts, not the {} {} of '{}'", option, used, property,
                                   *stored, stored_.source));
  }
  rows_.push_back(std::move(row));
}

void RecipeMerge::TakeText(const std::string& option, std::string* path) {
  std::error_code ignored;
  const bool is_here = !stored_.text.empty() && std::filesystem::exists(stored_.text, ignored);
  if (IsGiven(option) || stored_.text.empty() || is_here) {
    Take("calibration text", option,
         stored_.text.empty() ? std::nullopt : std::optional(stored_.text), path);
    return;
  }
  remarks_.push_back(
      fmt::format("'{}' was calibrated on '{}', which is not here: name a text with "
                  "{}",
                  stored_.source, stored_.text, option));
}

void RecipeMerge::TakeModel(const evaluator::ModelSummary& model) {
  Row row{"model", ModelText(model.name, model.digest), "--model", ""};
  if (std::string remark = OtherModelRemark(stored_, model.name, model.digest); !remark.empty()) {
    row.instead_of = ModelText(stored_.model_name, stored_.model_digest);
    remarks_.push_back(std::move(remark));
  }
  rows_.push_back(std::move(row));
}

void RecipeMerge::SetGranularity(evaluator::Granularity granularity) {
  for (Row& row : rows_) {
    if (row.property != "granularity" || row.value == NameOf(granularity)) continue;
    row = {row.property, NameOf(granularity), stored_.source, ""};
  }
}

std::string RecipeMerge::ToTable(const Page& page) const {
  Table table({"recipe", "value", "from"}, {Align::kLeft, Align::kLeft, Align::kLeft});
  table.GiveWay(2);
  table.GiveWay(1);
  for (const Row& row : rows_) {
    table.AddRow({row.property, row.value.empty() ? "-" : row.value,
                  row.instead_of.empty()
                      ? row.from
                      : fmt::format("{}, not {} of {}", row.from, row.instead_of, stored_.source)});
  }
  return table.Render(page);
}

Json RecipeMerge::ToJson() const {
  Json json = Json::object();
  for (const Row& row : rows_) {
    json[row.property] = {{"value", row.value}, {"from", row.from}};
    if (!row.instead_of.empty()) json[row.property]["instead_of"] = row.instead_of;
  }
  return json;
}

void RecipeMerge::SayContradictions() const {
  for (const std::string& remark : remarks_) fmt::print(stderr, "{}\n", remark);
}

std::string RecipeMerge::TextOf(double value) { return fmt::format("{}", value); }
std::string RecipeMerge::TextOf(int64_t value) { return fmt::format("{}", value); }

}  // namespace strata::cli
