#include "evaluator/measurement/model_evaluator_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "evaluator/checkpoint/model_summary.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "evaluator/tokenizer/tokenizer.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

class ModelEvaluatorSet final : public EvaluatorSet {
 public:
  ModelEvaluatorSet(ModelEvaluatorSetOptions options, ModelSummary first,
                    std::vector<std::string> models, std::vector<std::string> texts)
      : options_(std::move(options)),
        first_(std::move(first)),
        models_(std::move(models)),
        texts_(std::move(texts)) {}

  const ModelSummary& model() const override { return first_; }
  const std::vector<std::string>& model_digests() const override { return models_; }
  const std::vector<std::string>& text_digests() const override { return texts_; }
  const std::string& tasks_digest() const override { return options_.tasks_digest; }

  absl::StatusOr<Evaluator*> Find(const std::string& model_digest,
                                  const std::string& text_digest) override {
    STRATA_ASSIGN_OR_RETURN(const auto model, PlaceOfDigest("model", models_, model_digest));
    STRATA_ASSIGN_OR_RETURN(const auto text, PlaceOfDigest("text", texts_, text_digest));
    return Open(model, text);
  }

  absl::StatusOr<Evaluator*> Open(size_t model, size_t text) {
    std::unique_ptr<Evaluator>& evaluator = open_[{model, text}];
    if (evaluator == nullptr) {
      ModelEvaluatorOptions options = options_.each;
      options.model_path = options_.model_paths[model];
      options.text_path = options_.text_paths[text];
      options.cache = &cache_;
      STRATA_ASSIGN_OR_RETURN(std::unique_ptr<Evaluator> opened, OpenModelEvaluator(options));
      evaluator = std::move(opened);
    }
    return evaluator.get();
  }

 private:
  const ModelEvaluatorSetOptions options_;
  const ModelSummary first_;
  const std::vector<std::string> models_, texts_;  // digests, in the order of the paths
  ModelCache cache_;
  std::map<std::pair<size_t, size_t>, std::unique_ptr<Evaluator>> open_;  // by model and text
};

// The digest of a text does not depend on the tokenizer.
absl::StatusOr<std::string> DigestOfText(const std::string& path, const Tokenizer& tokenizer) {
  STRATA_ASSIGN_OR_RETURN(const TextCorpus corpus, TextCorpus::Load(path, tokenizer));
  return corpus.digest();
}

absl::Status CheckDistinct(const std::vector<std::string>& paths,
                           const std::vector<std::string>& digests) {
  for (size_t i = 0; i < digests.size(); ++i) {
    const auto first = std::find(digests.begin(), digests.end(), digests[i]) - digests.begin();
    if (static_cast<size_t>(first) == i) continue;
    return absl::InvalidArgumentError(fmt::format("{} and {}: expected two that differ",
                                                  paths[static_cast<size_t>(first)], paths[i]));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<EvaluatorSet>> OpenModelEvaluatorSet(
    const ModelEvaluatorSetOptions& options) {
  if (options.model_paths.empty() || options.text_paths.empty()) {
    return absl::InvalidArgumentError("expected a model and a text, found none");
  }
  std::vector<std::string> models, texts;
  ModelSummary first;
  for (const std::string& path : options.model_paths) {
    STRATA_ASSIGN_OR_RETURN(ModelSummary summary, SummarizeModel(path));
    models.push_back(summary.digest);
    if (models.size() == 1) first = std::move(summary);
  }
  STRATA_ASSIGN_OR_RETURN(const auto tokenizer, OpenTokenizer(options.model_paths.front()));
  for (const std::string& path : options.text_paths) {
    STRATA_ASSIGN_OR_RETURN(std::string digest, DigestOfText(path, *tokenizer));
    texts.push_back(std::move(digest));
  }
  absl::Status distinct = CheckDistinct(options.model_paths, models);
  distinct.Update(CheckDistinct(options.text_paths, texts));
  if (!distinct.ok()) return distinct;
  auto set = std::make_unique<ModelEvaluatorSet>(options, std::move(first), std::move(models),
                                                 std::move(texts));
  if (options.model_paths.size() == 1 && options.text_paths.size() == 1) {
    if (auto opened = set->Open(0, 0); !opened.ok()) return opened.status();
  }
  return set;
}

}  // namespace strata::evaluator
