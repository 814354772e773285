// An expression compiled against a feature table. EvaluateAllocation and EvaluateUnits run it. A
// caller keeps it to evaluate one expression often without allocating memory.
#ifndef STRATA_EXPR_PROGRAM_H_
#define STRATA_EXPR_PROGRAM_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "expr/allocation.h"
#include "expr/feature_table.h"
#include "expr/kernels.h"
#include "expr/postprocess.h"

namespace strata::expr {

class Program;

// Memory in which programs are evaluated. Serves any number of programs, one at a time. Not
// thread-safe.
class Workspace {
 public:
  Workspace();
  ~Workspace();
  Workspace(Workspace&&) noexcept;
  Workspace& operator=(Workspace&&) noexcept;

  // Makes room for `program`, so that its evaluation allocates nothing. The exception is rounding
  // to n:M for units of several sizes: its room depends on the target too, and the first evaluation
  // makes it.
  void Prepare(const Program& program);

 private:
  friend class Program;
  struct Memory;
  std::unique_ptr<Memory> memory_;
};

// Immutable. Evaluation is thread-safe if every thread has its own workspace.
class Program {
 public:
  // Compiles an expression of type Allocation or Units. The table must outlive the program, stay
  // where it is and keep its values; features added later are not seen. Errors: InvalidArgument if
  // the expression is invalid or of type Tensor, or if the table has no units; NotFound, which
  // names the first missing feature.
  static absl::StatusOr<Program> Compile(const Expression& expression,
                                         const FeatureTable& features);

  // Compiles an expression of type Units under the rule of dsa(...) (see EvaluateDsaUnits).
  static absl::StatusOr<Program> CompileDsa(const Expression& expression,
                                            const FeatureTable& features);

  // Type of the result: Allocation or Units.
  ValueType type() const { return type_; }
  size_t units() const { return units_; }

  // Evaluates a program of type Allocation, with the errors of the function EvaluateAllocation.
  // `allocation` must have room for units() values, which are undefined after an error.
  absl::Status EvaluateAllocation(const AllocationTarget& target, Workspace& workspace,
                                  std::span<double> allocation) const;

  // Evaluates a program of type Units. `values` must have room for units() values.
  absl::Status EvaluateUnits(Workspace& workspace, std::span<double> values) const;

 private:
  friend class Workspace;
  class Compiler;

  // Place of an operand: a leaf of the program, or a register of the workspace.
  struct Operand {
    bool is_leaf;
    uint32_t index;
  };
  // Instructions are executed in order. Exactly one kernel is set, and it defines the operation.
  struct Instruction {
    ValueRule rule;
    Operand left;
    Operand right;
    uint32_t out;             // index of a register
    uint32_t first_argument;  // index into arguments_
    uint32_t argument_count;
    ElementwiseLoop elementwise;
    BinaryLoop binary;
    AcrossUnitsKernel across_units;
    PostprocessKernel postprocess;  // an adjustment reads `out` too
  };

  std::span<const double> Values(Operand operand, std::span<const double> registers) const;
  std::span<const double> Arguments(const Instruction& instruction) const;
  absl::Status Execute(const Instruction& instruction, const AllocationTarget* target,
                       Workspace& workspace) const;
  absl::Status Run(const AllocationTarget* target, Workspace& workspace,
                   std::span<double> out) const;

  ValueType type_ = ValueType::kUnits;
  size_t units_ = 0;
  uint32_t registers_ = 0;
  const FeatureTable* features_ = nullptr;
  std::vector<Instruction> instructions_;
  std::vector<double> arguments_;  // numeric arguments of all instructions
  std::vector<double> leaves_;     // units_ values for each leaf, after the value rule
  Operand result_{};
};

}  // namespace strata::expr

#endif  // STRATA_EXPR_PROGRAM_H_
