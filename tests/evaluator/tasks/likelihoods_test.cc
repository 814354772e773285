#include "evaluator/tasks/likelihoods.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/evaluator/support/small_model.h"
#include "tests/evaluator/support/wave_model.h"

namespace strata::tasks {
namespace {

using evaluator::Arithmetic;
using evaluator::TransformerModel;
using evaluator::WaveModel;

// Of the token after each of these, [tokens, vocabulary].
at::Tensor LogProbabilities(const TransformerModel& model, const std::vector<int32_t>& tokens) {
  const at::InferenceMode guard;
  evaluator::BlockForward forward(model.config(), static_cast<int64_t>(tokens.size()),
                                  Arithmetic::kFloat32);
  at::Tensor hidden = model.Embed(evaluator::Windows{tokens});
  for (int block = 0; block < model.config().blocks; ++block) {
    forward.Run(model.matrices(block), model.vectors(block), hidden);
  }
  const at::Tensor logits = at::mm(model.FinalNorm(hidden), model.head().t());
  return at::log_softmax(logits.to(at::kDouble), 1);
}

// The request alone, from the logits of all its tokens.
Likelihood Expected(const TransformerModel& model, const LikelihoodRequest& request) {
  const at::Tensor probabilities =
      LogProbabilities(model, {request.tokens.begin(), request.tokens.end() - 1});
  Likelihood likelihood{0, true};
  const auto size = static_cast<int64_t>(request.tokens.size());
  for (int64_t at = size - 1 - request.scored; at < size - 1; ++at) {
    const int64_t target = request.tokens[at + 1];
    likelihood.log_likelihood += probabilities[at][target].item<double>();
    if (probabilities[at].argmax().item<int64_t>() != target) likelihood.greedy = false;
  }
  return likelihood;
}

std::vector<LikelihoodRequest> Requests() {
  const std::vector<int32_t> wave = evaluator::WaveSequences(1, 40).front();
  std::vector<LikelihoodRequest> requests;
  for (const int32_t choice : {7, 8, 200}) {  // share their context
    LikelihoodRequest request{{wave.begin(), wave.begin() + 30}, 2};
    request.tokens.insert(request.tokens.end(), {choice, 9});
    requests.push_back(request);
  }
  requests.push_back({{wave.begin(), wave.end()}, 39});
  requests.push_back({{5, 6}, 1});
  return requests;
}

TEST(LikelihoodsTest, EachIsThatOfTheRequestAlone) {
  TransformerModel& model = WaveModel();
  std::vector<LikelihoodRequest> requests = Requests();
  // What greedy decoding gives after the first context.
  LikelihoodRequest greedy{{requests[0].tokens.begin(), requests[0].tokens.begin() + 30}, 1};
  const at::Tensor next = LogProbabilities(model, greedy.tokens)[29];
  greedy.tokens.push_back(static_cast<int32_t>(next.argmax().item<int64_t>()));
  requests.insert(requests.begin() + 1, greedy);

  evaluator::DenseBlocks blocks(model, Arithmetic::kFloat32);
  const auto likelihoods =
      MeasureLikelihoods(model, blocks, requests, Arithmetic::kFloat32, nullptr);
  ASSERT_TRUE(likelihoods.ok()) << likelihoods.status();
  ASSERT_EQ(likelihoods->size(), requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    const Likelihood expected = Expected(model, requests[i]);
    EXPECT_NEAR((*likelihoods)[i].log_likelihood, expected.log_likelihood,
                1e-5 * std::fabs(expected.log_likelihood))
        << "request " << i;
    EXPECT_EQ((*likelihoods)[i].greedy, expected.greedy) << "request " << i;
  }
  EXPECT_TRUE((*likelihoods)[1].greedy);
  EXPECT_FALSE((*likelihoods)[0].greedy);
}

TEST(LikelihoodsTest, BFloat16IsNear) {
  TransformerModel& model = WaveModel();
  evaluator::DenseBlocks blocks(model, Arithmetic::kBFloat16);
  const auto likelihoods =
      MeasureLikelihoods(model, blocks, Requests(), Arithmetic::kBFloat16, nullptr);
  ASSERT_TRUE(likelihoods.ok()) << likelihoods.status();
  const double expected = Expected(model, Requests()[3]).log_likelihood;
  EXPECT_NEAR((*likelihoods)[3].log_likelihood, expected, 0.03 * std::fabs(expected));
  EXPECT_NE((*likelihoods)[3].log_likelihood, expected);
}

TEST(LikelihoodsTest, StopsBetweenBlocks) {
  TransformerModel& model = WaveModel();
  evaluator::DenseBlocks blocks(model, Arithmetic::kFloat32);
  const auto stopped = MeasureLikelihoods(model, blocks, Requests(), Arithmetic::kFloat32,
                                          [](double fraction) { return fraction < 0.3; });
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace strata::tasks
