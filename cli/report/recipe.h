// The recipe of an allocation: everything besides the sparsities that decides the pruned weights,
// as the run that found them or the file that holds them has it. Verbs that use an allocation read
// its recipe here, and merge it with their options here.
#ifndef STRATA_CLI_REPORT_RECIPE_H_
#define STRATA_CLI_REPORT_RECIPE_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/config/run_config.h"
#include "cli/shared/page.h"
#include "evaluator/evaluator.h"

namespace strata::cli {

// Properties that the source does not have are nullopt or empty.
struct Recipe {
  std::string source;  // path of the file or of the run's folder; empty without a recipe
  std::optional<std::string> pruner, protocol, granularity, arithmetic;  // names of names.h
  std::optional<int64_t> group, calibration_sequences, calibration_sequence_tokens;
  std::optional<double> target_sparsity, minimum_sparsity, maximum_sparsity;
  std::string model_name, model_digest;
  std::string text, text_digest;  // of the calibration
};

// Returns the recipe of an allocation that a run found. `model` is the run's description of its
// model. The protocol and the arithmetic are those that choose the best function and report it. If
// a run has several scenarios, they are those of the first.
Recipe RecipeOf(const RunConfig& config, const nlohmann::ordered_json& model,
                const std::string& text_digest, const std::string& source);

// Reads the recipe of the run in `folder`. Errors: NotFound if it holds no run that started;
// DataLoss if the run is damaged.
absl::StatusOr<Recipe> ReadRunRecipe(const std::string& folder);

// Reads the recipe from a JSON object that `strata export`, `strata allocate` or `strata prune`
// wrote. Returns an empty recipe if `path` is no file or holds no JSON object. Errors:
// InvalidArgument names the file, the key, what was expected and what was found.
absl::StatusOr<Recipe> ReadRecipe(const std::string& path);

// Returns a sentence with the names and digests of both models if a recipe is for another model
// than this one; empty if it is for this model or names none.
std::string OtherModelRemark(const Recipe& recipe, const std::string& model_name,
                             const std::string& model_digest);

// Returns the keys of docs/function-json.md that hold the recipe. ReadRecipe reads them back.
nlohmann::ordered_json RecipeJson(const Recipe& recipe);

// Merges a stored recipe with the options of a verb, property by property, and keeps what came of
// it. A stored value counts unless the option is given.
class RecipeMerge {
 public:
  // `is_given` returns true if the user gave the option of this name.
  RecipeMerge(const Recipe& stored, std::function<bool(const std::string& option)> is_given);

  // Sets `value`, which holds the value of `option` or its default. The option may be empty if the
  // verb has none for this property.
  template <typename Stored, typename T>
  void Take(const std::string& property, const std::string& option,
            const std::optional<Stored>& stored, T* value) {
    const bool given = IsGiven(option);
    const bool differs = stored.has_value() && static_cast<T>(*stored) != *value;
    const std::string used = TextOf(*value);
    if (differs && !given) *value = static_cast<T>(*stored);
    Record(property, option, given, stored ? std::optional(TextOf(*stored)) : std::nullopt, used);
  }

  // Takes the text with which pruners calibrate. A stored path counts only if it exists here.
  void TakeText(const std::string& option, std::string* path);

  // Sets the granularity that the units of a stored allocation have.
  void SetGranularity(evaluator::Granularity granularity);

  // Records the model that the verb uses.
  void TakeModel(const evaluator::ModelSummary& model);

  bool IsGiven(const std::string& option) const;
  const Recipe& stored() const { return stored_; }

  // Returns a table of every property, its value, and where the value comes from.
  std::string ToTable(const Page& page = Page()) const;
  // Returns {PROPERTY: {"value", "from"}}; "instead_of" has a stored value that does not count.
  nlohmann::ordered_json ToJson() const;
  // Prints a line to standard error for every stored value that does not count, and for a stored
  // text that is not here.
  void SayContradictions() const;

 private:
  struct Row {
    std::string property, value, from;
    std::string instead_of;  // the stored value, if another counts
  };

  static std::string TextOf(const std::string& value) { return value; }
  static std::string TextOf(double value);
  static std::string TextOf(int64_t value);
  static std::string TextOf(int value) { return TextOf(int64_t{value}); }
  void Record(const std::string& property, const std::string& option, bool given,
              const std::optional<std::string>& stored, const std::string& used);

  Recipe stored_;
  std::function<bool(const std::string&)> is_given_;
  std::vector<Row> rows_;
  std::vector<std::string> remarks_;
};

}  // namespace strata::cli

#endif  // STRATA_CLI_REPORT_RECIPE_H_
