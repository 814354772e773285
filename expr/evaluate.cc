#include <fmt/format.h>

#include <string_view>

#include "expr/allocation.h"
#include "expr/program.h"
#include "expr/shortened.h"
#include "expr/status_macros.h"

namespace strata::expr {
namespace {

absl::Status WrongType(std::string_view wanted, const Expression& expression) {
  return absl::InvalidArgumentError(fmt::format("expected an expression of type {}, found '{}'",
                                                wanted, Shortened(PrintExpression(expression))));
}

absl::StatusOr<std::vector<double>> RunUnits(const Program& program) {
  Workspace workspace;
  std::vector<double> values(program.units());
  absl::Status status = program.EvaluateUnits(workspace, values);
  if (!status.ok()) return status;
  return values;
}

}  // namespace

absl::StatusOr<std::vector<double>> EvaluateUnits(const Expression& expression,
                                                  const FeatureTable& features) {
  STRATA_ASSIGN_OR_RETURN(Program program, Program::Compile(expression, features));
  if (program.type() != ValueType::kUnits) return WrongType("Units", expression);
  return RunUnits(program);
}

absl::StatusOr<std::vector<double>> EvaluateDsaUnits(const Expression& expression,
                                                     const FeatureTable& features) {
  STRATA_ASSIGN_OR_RETURN(Program program, Program::CompileDsa(expression, features));
  return RunUnits(program);
}

absl::StatusOr<Allocation> EvaluateAllocation(const Expression& expression,
                                              const FeatureTable& features,
                                              const AllocationTarget& target) {
  STRATA_ASSIGN_OR_RETURN(Program program, Program::Compile(expression, features));
  if (program.type() != ValueType::kAllocation) return WrongType("Allocation", expression);
  Workspace workspace;
  Allocation allocation(program.units());
  absl::Status status = program.EvaluateAllocation(target, workspace, allocation);
  if (!status.ok()) return status;
  return allocation;
}

}  // namespace strata::expr
