#include <fmt/format.h>

#include <string_view>

#include "expr/allocation.h"
#include "expr/program.h"

namespace strata::expr {
namespace {

absl::Status WrongType(std::string_view wanted, const Expression& expression) {
  return absl::InvalidArgumentError(fmt::format("expected an expression of type {}, found '{}'",
                                                wanted, PrintExpression(expression)));
}

absl::StatusOr<std::vector<double>> RunLayers(const Program& program) {
  Workspace workspace;
  std::vector<double> values(program.units());
  absl::Status status = program.EvaluateLayers(workspace, values);
  if (!status.ok()) return status;
  return values;
}

}  // namespace

absl::StatusOr<std::vector<double>> EvaluateLayers(const Expression& expression,
                                                   const FeatureTable& features) {
  absl::StatusOr<Program> program = Program::Compile(expression, features);
  if (!program.ok()) return program.status();
  if (program->type() != ValueType::kLayers) return WrongType("Layers", expression);
  return RunLayers(*program);
}

absl::StatusOr<std::vector<double>> EvaluateDsaLayers(const Expression& expression,
                                                      const FeatureTable& features) {
  absl::StatusOr<Program> program = Program::CompileDsa(expression, features);
  if (!program.ok()) return program.status();
  return RunLayers(*program);
}

absl::StatusOr<Allocation> EvaluateAllocation(const Expression& expression,
                                              const FeatureTable& features,
                                              const AllocationTarget& target) {
  absl::StatusOr<Program> program = Program::Compile(expression, features);
  if (!program.ok()) return program.status();
  if (program->type() != ValueType::kAllocation) return WrongType("Allocation", expression);
  Workspace workspace;
  Allocation allocation(program->units());
  absl::Status status = program->EvaluateAllocation(target, workspace, allocation);
  if (!status.ok()) return status;
  return allocation;
}

}  // namespace strata::expr
