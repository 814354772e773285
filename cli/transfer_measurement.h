// Functions measured on one model with one text, at several sparsities.
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
  std::vector<TransferFunction> functions;  // applied unchanged, the one of the report first
  std::vector<double> sparsities;
  RunConfig config;  // pruner, bounds, calibration, report split, and which baselines
  int threads = 1;
  bool stream = false;
};

// Measures, on the calibration split of the text, the features that the functions need; then the
// dense model and every function at every sparsity with the exact sequential protocol on the report
// split. To the functions come uniform and the published ones at their published defaults
// (search.baselines names them; all that apply if it is empty). What a function cannot give is a
// row with the reason, no error. Progress goes to standard error; Ctrl-C gives Cancelled.
absl::StatusOr<TransferSubject> MeasureTransfer(const TransferOptions& options);

}  // namespace strata::cli

#endif  // STRATA_CLI_TRANSFER_MEASUREMENT_H_
