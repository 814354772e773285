// An expression compiled against a feature table: what EvaluateAllocation and EvaluateLayers run,
// for callers that evaluate one expression often and cannot afford memory allocation.
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

// Memory that evaluation works in. Serves any number of programs, one at a time; not thread-safe.
class Workspace {
 public:
  Workspace();
  ~Workspace();
  Workspace(Workspace&&) noexcept;
  Workspace& operator=(Workspace&&) noexcept;

  // Makes room for `program`, so that its evaluation allocates nothing. Only nm on units of several
  // sizes needs room that depends on the target too; the first evaluation makes it.
  void Prepare(const Program& program);

 private:
  friend class Program;
  struct Memory;
  std::unique_ptr<Memory> memory_;
};

// Immutable; evaluation is thread-safe with a workspace per thread.
class Program {
 public:
  // Compiles an expression of type Allocation or Layers. InvalidArgument if it is invalid or of
  // type Tensor or the table has no units; NotFound names the first missing feature. The table must
  // outlive the program, stay where it is, and keep its values; features added later are not seen.
  static absl::StatusOr<Program> Compile(const Expression& expression,
                                         const FeatureTable& features);

  // As Compile for type Layers, under the rule of dsa(...) (see EvaluateDsaLayers).
  static absl::StatusOr<Program> CompileDsa(const Expression& expression,
                                            const FeatureTable& features);

  // Allocation or Layers.
  ValueType type() const { return type_; }
  size_t units() const { return units_; }

  // For type Allocation, with the errors of EvaluateAllocation. `allocation` has room for units()
  // values; they are undefined after an error.
  absl::Status EvaluateAllocation(const AllocationTarget& target, Workspace& workspace,
                                  std::span<double> allocation) const;

  // For type Layers. `values` has room for units() values.
  absl::Status EvaluateLayers(Workspace& workspace, std::span<double> values) const;

 private:
  friend class Workspace;
  class Compiler;

  // Where an instruction finds an operand: a leaf of the program, or a register of the workspace.
  struct Operand {
    bool is_leaf;
    uint32_t index;
  };
  // Executed in order. The one kernel that is set says what is done.
  struct Instruction {
    Arithmetic arithmetic;
    Operand left;
    Operand right;
    uint32_t out;             // register
    uint32_t first_argument;  // in arguments_
    uint32_t argument_count;
    ElementwiseLoop elementwise;
    BinaryLoop binary;
    AcrossLayersKernel across_layers;
    PostprocessKernel postprocess;  // a refinement reads `out` too
  };

  std::span<const double> Values(Operand operand, std::span<const double> registers) const;
  std::span<const double> Arguments(const Instruction& instruction) const;
  absl::Status Execute(const Instruction& instruction, const AllocationTarget* target,
                       Workspace& workspace) const;
  absl::Status Run(const AllocationTarget* target, Workspace& workspace,
                   std::span<double> out) const;

  ValueType type_ = ValueType::kLayers;
  size_t units_ = 0;
  uint32_t registers_ = 0;
  const FeatureTable* features_ = nullptr;
  std::vector<Instruction> instructions_;
  std::vector<double> arguments_;  // numbers of all instructions
  std::vector<double> leaves_;     // units_ values each, bad values replaced
  Operand result_{};
};

}  // namespace strata::expr

#endif  // STRATA_EXPR_PROGRAM_H_
