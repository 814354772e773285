// Measures functions on one model with one text, at several sparsities.
#ifndef STRATA_CLI_TRANSFER_MEASUREMENT_H_
#define STRATA_CLI_TRANSFER_MEASUREMENT_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "cli/report/transfer_report.h"
#include "expr/expression.h"

namespace strata::cli {

struct TransferFunction {
  TransferRole role = TransferRole::kFunction;
  std::string name;
  expr::Expression expression;
};

struct TransferOptions {
  std::string model, text;
  std::vector<TransferFunction> functions;  // applied unchanged; the first is the report's function
  std::vector<double> sparsities;
  RunConfig config;  // pruner, bounds, calibration, report split, choice of baselines
  int threads = 1;
  bool stream = false;
};

// Measures the features that the functions need on the calibration split of the text. Then measures
// the dense model, and every function at every sparsity, with the exact sequential protocol on the
// report split. Uniform and the published functions at their published defaults are measured too.
// search.baselines names the published functions; if it is empty, all that apply are used. If a
// function yields no sparsities, its row gives the reason, which is not an error. Progress goes to
// standard error. Ctrl-C gives Cancelled.
absl::StatusOr<TransferSubject> MeasureTransfer(const TransferOptions& options);

}  // namespace strata::cli

#endif  // STRATA_CLI_TRANSFER_MEASUREMENT_H_
