#include "evaluator/tasks/task_evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "evaluator/checkpoint/model_summary.h"
#include "evaluator/evaluator.h"
#include "evaluator/files/digest.h"
#include "evaluator/model/libtorch_errors.h"
#include "evaluator/model/libtorch_threads.h"
#include "evaluator/tasks/context_length.h"
#include "evaluator/tasks/greedy_generation.h"
#include "evaluator/tasks/likelihoods.h"
#include "evaluator/tasks/model_versions.h"
#include "evaluator/tasks/packed_requests.h"
#include "evaluator/tokenizer/tokenizer_description.h"
#include "expr/status_macros.h"

namespace strata::tasks {
namespace {

using evaluator::Part;
using evaluator::Progress;
using evaluator::Residence;

// Bytes of activations per batch if the model is read and pruned anew for each batch.
constexpr int64_t kBatchBytes = int64_t{2} << 30;

std::string KeyOf(const std::string& kind, const std::string& version,
                  std::span<const ItemRequests> items) {
  std::string content = fmt::format("{}\n{}\n", kind, version);
  for (const ItemRequests& item : items) {
    for (const LikelihoodRequest& request : item.likelihoods) {
      content += fmt::format("{}:", request.scored);
      for (const int32_t token : request.tokens) content += fmt::format(" {}", token);
      content += '\n';
    }
    content += "prompt";
    for (const int32_t token : item.prompt) content += fmt::format(" {}", token);
    content += '\n';
  }
  return evaluator::Sha256(content);
}

class ModelTaskEvaluator : public TaskEvaluator {
 public:
  ModelTaskEvaluator(evaluator::ModelSummary summary,
                     std::unique_ptr<evaluator::TransformerModel> model,
                     std::unique_ptr<evaluator::Tokenizer> tokenizer,
                     const evaluator::TokenizerDescription& description, int32_t prefix_token,
                     const TaskEvaluatorOptions& options)
      : options_(options),
        summary_(std::move(summary)),
        model_(std::move(model)),
        tokenizer_(std::move(tokenizer)),
        encoder_(*tokenizer_, prefix_token, options.maximum_tokens),
        versions_(*model_, summary_, *tokenizer_, options) {
    generation_.end_token = description.end.value_or(-1);
    generation_.special.resize(static_cast<size_t>(description.size()));
    for (const evaluator::AddedToken& token : description.added_tokens) {
      generation_.special[token.id] = token.special;
    }
    if (generation_.end_token >= 0) generation_.special[generation_.end_token] = true;
  }

  const evaluator::ModelSummary& model() const override { return summary_; }
  int64_t maximum_tokens() const override { return options_.maximum_tokens; }

  absl::StatusOr<std::vector<ItemResponse>> Respond(const ModelVersion& version, const Task& task,
                                                    ResponseStore* store,
                                                    const Progress& progress) override;
  absl::StatusOr<std::vector<Likelihood>> MeasureLikelihoods(
      const ModelVersion& version, const std::vector<LikelihoodRequest>& requests,
      ResponseStore* store, const Progress& progress) override;
  std::optional<int64_t> CountedZeros(const ModelVersion& version) const override {
    return versions_.CountedZeros(version);
  }
  absl::StatusOr<std::vector<int32_t>> Tokenize(const std::string& text) override {
    return evaluator::CatchLibTorchErrors(
        "tokenising",
        [&]() -> absl::StatusOr<std::vector<int32_t>> { return encoder_.EncodeWhole(text); });
  }

 private:
  using Batch = std::span<const ItemRequests>;

  // Names what is measured, for keys and messages.
  struct Work {
    std::string kind;
    std::string item;
  };
  // Measures the items of a batch.
  using Measure = std::function<absl::StatusOr<std::vector<ItemResponse>>(Batch, const Progress&)>;

  absl::StatusOr<std::vector<ItemResponse>> RunBatches(const Work& work,
                                                       const ModelVersion& version,
                                                       const std::vector<ItemRequests>& items,
                                                       const std::vector<size_t>& ends,
                                                       const Measure& measure, ResponseStore* store,
                                                       const Progress& progress);
  int64_t BatchTokens() const;
  absl::StatusOr<std::vector<ItemResponse>> Score(const ModelVersion& version,
                                                  const std::string& item_name,
                                                  const std::vector<ItemRequests>& items,
                                                  ResponseStore* store, const Progress& progress);
  absl::StatusOr<std::vector<ItemResponse>> ScoreBatch(const ModelVersion& version, Batch items,
                                                       const Progress& progress);
  absl::StatusOr<std::vector<ItemResponse>> Generate(const ModelVersion& version, const Task& task,
                                                     const std::vector<ItemRequests>& items,
                                                     ResponseStore* store,
                                                     const Progress& progress);

  const TaskEvaluatorOptions options_;
  const evaluator::ModelSummary summary_;
  const std::unique_ptr<evaluator::TransformerModel> model_;
  const std::unique_ptr<evaluator::Tokenizer> tokenizer_;
  const RequestEncoder encoder_;
  ModelVersions versions_;
  GenerationRules generation_;  // without the settings of a task
};

absl::StatusOr<std::vector<ItemResponse>> ModelTaskEvaluator::Respond(const ModelVersion& version,
                                                                      const Task& task,
                                                                      ResponseStore* store,
                                                                      const Progress& progress) {
  const auto respond = [&]() -> absl::StatusOr<std::vector<ItemResponse>> {
    STRATA_RETURN_IF_ERROR(evaluator::UseThreads(options_.threads));
    std::vector<ItemRequests> items;
    for (const TaskItem& item : task.items) {
      STRATA_ASSIGN_OR_RETURN(ItemRequests requests, encoder_.Encode(task, item));
      items.push_back(std::move(requests));
    }
    return task.kind == TaskKind::kGeneration
               ? Generate(version, task, items, store, progress)
               : Score(version, fmt::format("task {}, item", task.name), items, store, progress);
  };
  return evaluator::CatchLibTorchErrors(fmt::format("measuring task {}", task.name), respond);
}

absl::StatusOr<std::vector<Likelihood>> ModelTaskEvaluator::MeasureLikelihoods(
    const ModelVersion& version, const std::vector<LikelihoodRequest>& requests,
    ResponseStore* store, const Progress& progress) {
  const auto measure = [&]() -> absl::StatusOr<std::vector<Likelihood>> {
    STRATA_RETURN_IF_ERROR(evaluator::UseThreads(options_.threads));
    std::vector<ItemRequests> items;
    for (const LikelihoodRequest& request : requests) items.push_back({{request}, {}, 0});
    STRATA_ASSIGN_OR_RETURN(const auto responses, Score(version, "window", items, store, progress));
    std::vector<Likelihood> likelihoods;
    for (const ItemResponse& response : responses) {
      likelihoods.push_back(response.likelihoods.front());
    }
    return likelihoods;
  };
  return evaluator::CatchLibTorchErrors("measuring likelihoods", measure);
}

absl::StatusOr<std::vector<ItemResponse>> ModelTaskEvaluator::RunBatches(
    const Work& work, const ModelVersion& version, const std::vector<ItemRequests>& items,
    const std::vector<size_t>& ends, const Measure& measure, ResponseStore* store,
    const Progress& progress) {
  std::string version_name;
  if (store != nullptr) {
    STRATA_ASSIGN_OR_RETURN(const auto name, versions_.NameOf(version));
    version_name = fmt::format("{} arithmetic {}", name, static_cast<int>(options_.arithmetic));
  }
  std::vector<ItemResponse> responses;
  for (size_t begin = 0, i = 0; i < ends.size(); begin = ends[i++]) {
    const Batch batch = std::span(items).subspan(begin, ends[i] - begin);
    const auto total = static_cast<double>(items.size());
    const Progress part =
        Part(progress, static_cast<double>(begin) / total, static_cast<double>(ends[i]) / total);
    const std::string key = store == nullptr ? "" : KeyOf(work.kind, version_name, batch);
    const std::vector<ItemResponse>* kept = store == nullptr ? nullptr : store->Find(key);
    if (kept != nullptr && kept->size() == batch.size()) {
      responses.insert(responses.end(), kept->begin(), kept->end());
      continue;
    }
    STRATA_ASSIGN_OR_RETURN(auto measured, measure(batch, part));
    for (size_t k = 0; k < batch.size(); ++k) {
      measured[k].truncated_tokens = batch[k].truncated_tokens;
      if (absl::Status status = CheckFinite(measured[k].likelihoods); !status.ok()) {
        return absl::Status(status.code(),
                            fmt::format("{} {} of {}: {}", work.item, begin + k, items.size(),
                                        std::string(status.message())));
      }
    }
    responses.insert(responses.end(), measured.begin(), measured.end());
    if (store == nullptr) continue;
    STRATA_RETURN_IF_ERROR(store->Append(key, std::move(measured)));
  }
  return responses;
}

// Returns the number of tokens per batch.
int64_t ModelTaskEvaluator::BatchTokens() const {
  const int64_t hidden_bytes = int64_t{4} * model_->config().hidden;
  return versions_.AreHeld() ? kBatchTokens : std::max(kBatchTokens, kBatchBytes / hidden_bytes);
}

absl::StatusOr<std::vector<ItemResponse>> ModelTaskEvaluator::Score(
    const ModelVersion& version, const std::string& item_name,
    const std::vector<ItemRequests>& items, ResponseStore* store, const Progress& progress) {
  return RunBatches(
      {"likelihoods", item_name}, version, items, BatchEnds(items, BatchTokens()),
      [&](Batch batch, const Progress& part) { return ScoreBatch(version, batch, part); }, store,
      progress);
}

absl::StatusOr<std::vector<ItemResponse>> ModelTaskEvaluator::ScoreBatch(
    const ModelVersion& version, Batch items, const Progress& progress) {
  STRATA_ASSIGN_OR_RETURN(const auto blocks, versions_.Blocks(version));
  return MeasureItems(*model_, *blocks, items, options_.arithmetic, progress);
}

absl::StatusOr<std::vector<ItemResponse>> ModelTaskEvaluator::Generate(
    const ModelVersion& version, const Task& task, const std::vector<ItemRequests>& items,
    ResponseStore* store, const Progress& progress) {
  if (options_.residence == Residence::kStream) {
    return absl::InvalidArgumentError(
        fmt::format("task {}: generating text needs the whole model in memory; expected a model "
                    "that is not streamed",
                    task.name));
  }
  GenerationRules rules = generation_;
  rules.until = task.until;
  rules.maximum_tokens = task.maximum_tokens;
  std::string kind = fmt::format("generation {}", rules.maximum_tokens);
  for (const std::string& stop : rules.until) kind += fmt::format(" {}:{}", stop.size(), stop);
  std::vector<size_t> ends;
  for (size_t i = 0; i < items.size(); ++i) ends.push_back(i + 1);

  std::unique_ptr<GreedyGenerator> generator;
  const Measure measure = [&](Batch batch,
                              const Progress& part) -> absl::StatusOr<std::vector<ItemResponse>> {
    if (generator == nullptr) {
      STRATA_ASSIGN_OR_RETURN(const auto blocks, versions_.Blocks(version));
      STRATA_ASSIGN_OR_RETURN(auto made,
                              GreedyGenerator::Create(*model_, *blocks, options_.arithmetic,
                                                      options_.threads, nullptr));
      generator = std::move(made);
    }
    STRATA_ASSIGN_OR_RETURN(auto text,
                            generator->Generate(batch.front().prompt, rules, *tokenizer_, part));
    return std::vector<ItemResponse>{{{}, std::move(text), 0}};
  };
  return RunBatches({kind, fmt::format("task {}, item", task.name)}, version, items, ends, measure,
                    store, progress);
}

absl::StatusOr<std::unique_ptr<TaskEvaluator>> Open(TaskEvaluatorOptions options) {
  STRATA_RETURN_IF_ERROR(evaluator::CheckDevice(options.device));
  STRATA_RETURN_IF_ERROR(evaluator::UseThreads(options.threads));
  STRATA_ASSIGN_OR_RETURN(auto checkpoint, evaluator::OpenCheckpoint(options.model_path));
  STRATA_ASSIGN_OR_RETURN(auto description,
                          evaluator::ReadTokenizerDescription(options.model_path));
  STRATA_RETURN_IF_ERROR(evaluator::CheckRows(description, checkpoint->config().vocabulary));
  STRATA_ASSIGN_OR_RETURN(const auto prefix, PrefixTokenOf(description));
  STRATA_ASSIGN_OR_RETURN(const auto maximum_tokens,
                          ReadableTokens(options.model_path, options.maximum_tokens));
  options.maximum_tokens = maximum_tokens;
  STRATA_ASSIGN_OR_RETURN(auto tokenizer, evaluator::MakeTokenizer(description));
  STRATA_ASSIGN_OR_RETURN(auto summary, evaluator::SummarizeModel(*checkpoint));
  STRATA_ASSIGN_OR_RETURN(
      auto model, evaluator::TransformerModel::Load(std::move(checkpoint), options.residence));
  return std::make_unique<ModelTaskEvaluator>(std::move(summary), std::move(model),
                                              std::move(tokenizer), description, prefix, options);
}

}  // namespace

absl::StatusOr<std::unique_ptr<TaskEvaluator>> OpenTaskEvaluator(
    const TaskEvaluatorOptions& options) {
  return evaluator::CatchLibTorchErrors("opening the model", [&] { return Open(options); });
}

}  // namespace strata::tasks
