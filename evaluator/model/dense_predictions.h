// KL divergence of a model's predictions from those of the dense model.
//
// For a token, let p be the dense model's distribution of the next token, q that of another model,
// and K the `kept` tokens that are most probable under p. With p(rest) = 1 - sum of p over K, and
// q(rest) = 1 - sum of q over the same K,
//
//   D = sum over i in K of p(i) ln(p(i) / q(i)) + p(rest) ln(p(rest) / q(rest))
//
// This is the KL divergence after all other tokens are merged into one. Merging never raises a KL
// divergence (the log-sum inequality), so 0 <= D <= KL(p || q), D grows with `kept`, and it is the
// full divergence once `kept` reaches the vocabulary. EvoPress (arXiv 2410.14649, sparse_kl of its
// code) keeps the most probable tokens too, but renormalises them among themselves, which ignores
// how much probability the other model gives to all others.
#ifndef STRATA_EVALUATOR_MODEL_DENSE_PREDICTIONS_H_
#define STRATA_EVALUATOR_MODEL_DENSE_PREDICTIONS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace strata::evaluator {

// Number of tokens whose probabilities are kept, for every predicted token.
inline constexpr int64_t kKeptTokens = 512;

// The dense model's distributions of the next tokens of some windows. A kept probability is a
// 16-bit step between the logits of the most and the least probable kept token, so that its
// relative error is at most (their difference) / 131,070, about 0.0001. Memory per predicted token:
// `kept` * 4 bytes, or * 6 if the vocabulary has more than 65,536 tokens.
class DensePredictions {
 public:
  // `rows` is [predicted tokens, hidden] after the final norm and `head` is [vocabulary, hidden],
  // as for NextTokenLosses. `kept` is at least 1; all tokens are kept if it is the vocabulary or
  // more. Throws StatusException if the logits are not finite.
  DensePredictions(const at::Tensor& rows, const at::Tensor& head, int64_t kept = kKeptTokens);

  // Returns D in nats for every predicted token, never below 0. `rows` and `head` have the shapes
  // and the type that they have in the constructor. NaN if a logit of the row is not finite.
  std::vector<double> Divergences(const at::Tensor& rows, const at::Tensor& head) const;

 private:
  int64_t Id(int64_t place) const;
  // Fills in the ids of the most probable tokens of every row, in ascending order.
  void KeepMostProbable(const at::Tensor& rows, const at::Tensor& head);

  // The logits of the kept tokens, and what all other tokens have together, for every row.
  struct Logits {
    std::vector<float> kept;          // [rows, kept], in the order of the ids
    std::vector<double> rest;         // log-sum-exp of the others; -infinity: there are none
    std::vector<double> log_sum_exp;  // of all
  };
  Logits LogitsOf(const at::Tensor& rows, const at::Tensor& head) const;
  double Divergence(int64_t row, const Logits& logits) const;

  int64_t rows_ = 0, vocabulary_ = 0, kept_ = 0;
  // By row and kept token: the low and, in large vocabularies, the high half of its id, and the
  // number of steps by which its log probability is below that of the most probable token.
  std::vector<uint16_t> low_ids_, high_ids_, steps_;
  // By row: log probability of the most probable token and of all that are not kept, and a step.
  std::vector<float> most_, rest_, step_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_DENSE_PREDICTIONS_H_
