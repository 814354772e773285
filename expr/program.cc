#include "expr/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "expr/blockwise.h"
#include "expr/descent.h"
#include "expr/layout_sources.h"
#include "expr/n_of_m.h"
#include "expr/shortened.h"
#include "expr/status_macros.h"

namespace strata::expr {
namespace {

void DsaResultLoop(std::span<const double> x, std::span<double> out) {
  std::transform(x.begin(), x.end(), out.begin(), DsaResult);
}

}  // namespace

struct Workspace::Memory {
  explicit Memory(size_t unit_count) : units(unit_count), postprocess(unit_count) {}
  size_t units;
  std::vector<double> registers;
  PostprocessScratch postprocess;
};

Workspace::Workspace() = default;
Workspace::~Workspace() = default;
Workspace::Workspace(Workspace&&) noexcept = default;
Workspace& Workspace::operator=(Workspace&&) noexcept = default;

void Workspace::Prepare(const Program& program) {
  if (memory_ == nullptr || memory_->units < program.units_) {
    memory_ = std::make_unique<Memory>(program.units_);
  }
  const size_t size = program.units_ * program.registers_;
  if (memory_->registers.size() < size) memory_->registers.resize(size);
}

// Walks the tree in post-order. A register becomes free when its only reader has been emitted.
class Program::Compiler {
 public:
  Compiler(const FeatureTable& features, Program& program)
      : features_(features), program_(program) {}

  absl::StatusOr<Operand> Emit(const Expression& node, ValueRule rule) {
    static const OperatorId blockwise = IdOf("blockwise");
    switch (OperatorOf(node.op).kind) {
      case OperatorKind::kStructuralSource:
      case OperatorKind::kReduction:
      case OperatorKind::kConstant:
      case OperatorKind::kPrunedSource:
        return Leaf(node, rule);
      case OperatorKind::kElementwise:
        return EmitElementwise(node, rule);
      case OperatorKind::kAcrossUnits:
        if (node.op == blockwise) return Leaf(node, rule);
        return EmitWhole(node, rule);
      case OperatorKind::kPostprocess:
        return EmitWhole(node, rule);
      case OperatorKind::kBinary:
        return EmitBinary(node, rule);
      case OperatorKind::kDescent:
        return EmitChange(node, SlopesOf(node), rule);
      case OperatorKind::kAdjustment:
        return EmitChange(node, node.children[1], rule);
      case OperatorKind::kTensorSource:
      case OperatorKind::kWholeTensor:
        break;
    }
    return absl::InternalError(fmt::format("'{}' has no value per unit", OperatorOf(node.op).name));
  }

  // Appends the operation that dsa(...) does at the top of its operand.
  Operand EmitDsaResult(Operand operand) {
    Instruction& instruction = Append(ValueRule::kSinglePrecision, {});
    instruction.elementwise = DsaResultLoop;
    instruction.left = operand;
    instruction.out = operand.is_leaf ? Take() : operand.index;
    return {false, instruction.out};
  }

 private:
  absl::StatusOr<Operand> EmitElementwise(const Expression& node, ValueRule rule) {
    absl::StatusOr<Operand> operand = Emit(node.children[0], rule);
    if (!operand.ok()) return operand;
    Instruction& instruction = Append(rule, node.parameters);
    instruction.elementwise = ElementwiseLoopOf(node.op, rule);
    instruction.left = *operand;
    instruction.out = operand->is_leaf ? Take() : operand->index;
    return Operand{false, instruction.out};
  }

  // Emits an operator that must not overwrite its operand while it reads it.
  absl::StatusOr<Operand> EmitWhole(const Expression& node, ValueRule rule) {
    static const OperatorId dsa = IdOf("dsa");
    Operand operand{true, 0};
    if (!node.children.empty()) {
      const ValueRule below = node.op == dsa ? ValueRule::kSinglePrecision : rule;
      absl::StatusOr<Operand> child = Emit(node.children[0], below);
      if (!child.ok()) return child;
      operand = node.op == dsa ? EmitDsaResult(*child) : *child;
    }
    Instruction& instruction = Append(rule, node.parameters);
    instruction.across_units = AcrossUnitsKernelOf(node.op);
    instruction.postprocess = PostprocessKernelOf(node.op);
    instruction.left = operand;
    instruction.out = Take();
    Release(operand);
    return Operand{false, instruction.out};
  }

  absl::StatusOr<Operand> EmitBinary(const Expression& node, ValueRule rule) {
    absl::StatusOr<Operand> left = Emit(node.children[0], rule);
    if (!left.ok()) return left;
    absl::StatusOr<Operand> right = Emit(node.children[1], rule);
    if (!right.ok()) return right;
    Instruction& instruction = Append(rule, node.parameters);
    instruction.binary = BinaryLoopOf(node.op, rule);
    instruction.left = *left;
    instruction.right = *right;
    if (!left->is_leaf) {
      instruction.out = left->index;
      Release(*right);
    } else {
      instruction.out = right->is_leaf ? Take() : right->index;
    }
    return Operand{false, instruction.out};
  }

  // Emits an adjustment or a descent, which rewrites the allocation in place in its register.
  absl::StatusOr<Operand> EmitChange(const Expression& node, const Expression& by, ValueRule rule) {
    absl::StatusOr<Operand> allocation = Emit(node.children[0], rule);
    if (!allocation.ok()) return allocation;
    absl::StatusOr<Operand> operand = Emit(by, rule);
    if (!operand.ok()) return operand;
    Instruction& instruction = Append(rule, node.parameters);
    instruction.postprocess = PostprocessKernelOf(node.op);
    instruction.left = *operand;
    instruction.out = allocation->index;
    Release(*operand);
    return Operand{false, instruction.out};
  }

  // Returns the values of blockwise(operand) before the rule. They do not depend on a target.
  absl::StatusOr<std::vector<double>> OfBlocks(const Expression& operand, ValueRule rule) {
    STRATA_ASSIGN_OR_RETURN(const FeatureTable blocks, BlockTable(operand, features_));
    Program program;
    program.features_ = &blocks;
    program.units_ = static_cast<size_t>(blocks.units());
    STRATA_ASSIGN_OR_RETURN(const Operand result, Compiler(blocks, program).Emit(operand, rule));
    program.result_ = result;
    Workspace workspace;
    std::vector<double> values(program.units_);
    STRATA_RETURN_IF_ERROR(program.Run(nullptr, workspace, values));
    return SpreadOverUnits(values, features_.layout());
  }

  // Returns the leaf for a source, feature, constant or blockwise(x), with its values after the
  // value rule. Equal leaves are stored only once.
  absl::StatusOr<Operand> Leaf(const Expression& node, ValueRule rule) {
    const std::string text = PrintExpression(node);
    const auto known = std::find(known_.begin(), known_.end(), std::pair(text, rule));
    const auto index = static_cast<uint32_t>(known - known_.begin());
    if (known != known_.end()) return Operand{true, index};
    std::vector<double>& leaves = program_.leaves_;
    const size_t first = leaves.size();
    if (const LayoutSource source = LayoutSourceOf(node.op)) {
      leaves.resize(first + program_.units_);
      source(features_.layout(), std::span(leaves).subspan(first));
    } else if (OperatorOf(node.op).kind == OperatorKind::kConstant) {
      leaves.resize(first + program_.units_, node.parameters[0]);
    } else if (OperatorOf(node.op).kind == OperatorKind::kAcrossUnits) {
      STRATA_ASSIGN_OR_RETURN(const auto values, OfBlocks(node.children[0], rule));
      leaves.insert(leaves.end(), values.begin(), values.end());
    } else {
      const std::vector<double>* values = features_.Find(text);
      if (values == nullptr) {
        return absl::NotFoundError(fmt::format("feature '{}' was not measured", Shortened(text)));
      }
      leaves.insert(leaves.end(), values->begin(), values->end());
    }
    ApplyRule(rule, std::span(leaves).subspan(first));
    known_.emplace_back(text, rule);
    return Operand{true, index};
  }

  Instruction& Append(ValueRule rule, const std::vector<double>& arguments) {
    Instruction& instruction = program_.instructions_.emplace_back();
    instruction.rule = rule;
    instruction.first_argument = static_cast<uint32_t>(program_.arguments_.size());
    instruction.argument_count = static_cast<uint32_t>(arguments.size());
    program_.arguments_.insert(program_.arguments_.end(), arguments.begin(), arguments.end());
    return instruction;
  }

  uint32_t Take() {
    if (free_.empty()) return program_.registers_++;
    const uint32_t index = free_.back();
    free_.pop_back();
    return index;
  }

  void Release(Operand operand) {
    if (!operand.is_leaf) free_.push_back(operand.index);
  }

  const FeatureTable& features_;
  Program& program_;
  std::vector<std::pair<std::string, ValueRule>> known_;
  std::vector<uint32_t> free_;
};

absl::StatusOr<Program> Program::Compile(const Expression& expression,
                                         const FeatureTable& features) {
  absl::Status status = Validate(expression);
  if (!status.ok()) return status;
  Program program;
  program.type_ = TypeOf(expression);
  if (program.type_ == ValueType::kTensor) {
    return absl::InvalidArgumentError(
        fmt::format("expected an expression of type Allocation or Units, found '{}'",
                    Shortened(PrintExpression(expression))));
  }
  if (features.units() == 0) return absl::InvalidArgumentError("the feature table has no units");
  program.features_ = &features;
  program.units_ = static_cast<size_t>(features.units());
  STRATA_ASSIGN_OR_RETURN(Operand result,
                          Compiler(features, program).Emit(expression, ValueRule::kTotal));
  program.result_ = result;
  return program;
}

absl::StatusOr<Program> Program::CompileDsa(const Expression& expression,
                                            const FeatureTable& features) {
  absl::Status status = Validate(expression);
  if (!status.ok()) return status;
  if (TypeOf(expression) != ValueType::kUnits) {
    return absl::InvalidArgumentError(
        fmt::format("expected an expression of type Units, found '{}'",
                    Shortened(PrintExpression(expression))));
  }
  if (features.units() == 0) return absl::InvalidArgumentError("the feature table has no units");
  Program program;
  program.features_ = &features;
  program.units_ = static_cast<size_t>(features.units());
  Compiler compiler(features, program);
  STRATA_ASSIGN_OR_RETURN(Operand result, compiler.Emit(expression, ValueRule::kSinglePrecision));
  program.result_ = compiler.EmitDsaResult(result);
  return program;
}

absl::Status Program::EvaluateAllocation(const AllocationTarget& target, Workspace& workspace,
                                         std::span<double> allocation) const {
  if (type_ != ValueType::kAllocation) {
    return absl::InvalidArgumentError("expected a program of type Allocation, found Units");
  }
  absl::Status status = ValidateTarget(target);
  if (!status.ok()) return status;
  status = Run(&target, workspace, allocation);
  if (!status.ok() || target.group == 0) return status;
  Workspace::Memory& memory = *workspace.memory_;
  return RoundToGroups(features_->parameters(), target.group, target, memory.postprocess.kernels,
                       memory.postprocess.n_of_m, allocation);
}

absl::Status Program::EvaluateUnits(Workspace& workspace, std::span<double> values) const {
  if (type_ != ValueType::kUnits) {
    return absl::InvalidArgumentError("expected a program of type Units, found Allocation");
  }
  return Run(nullptr, workspace, values);
}

absl::Status Program::Run(const AllocationTarget* target, Workspace& workspace,
                          std::span<double> out) const {
  if (out.size() != units_) {
    return absl::InvalidArgumentError(
        fmt::format("expected room for {} values, found {}", units_, out.size()));
  }
  workspace.Prepare(*this);
  for (const Instruction& instruction : instructions_) {
    absl::Status status = Execute(instruction, target, workspace);
    if (!status.ok()) return status;
  }
  const std::span<const double> result = Values(result_, workspace.memory_->registers);
  std::copy(result.begin(), result.end(), out.begin());
  return absl::OkStatus();
}

absl::Status Program::Execute(const Instruction& instruction, const AllocationTarget* target,
                              Workspace& workspace) const {
  Workspace::Memory& memory = *workspace.memory_;
  const std::span<const double> left = Values(instruction.left, memory.registers);
  const std::span<double> out =
      std::span(memory.registers).subspan(instruction.out * units_, units_);
  if (instruction.elementwise != nullptr) {
    instruction.elementwise(left, out);
  } else if (instruction.binary != nullptr) {
    instruction.binary(left, Values(instruction.right, memory.registers), Arguments(instruction),
                       out);
  } else if (instruction.across_units != nullptr) {
    instruction.across_units(left, features_->layout(), memory.postprocess.kernels, out);
    ApplyRule(instruction.rule, out);
  } else {
    const PostprocessInput input{left,
                                 Arguments(instruction),
                                 features_->layout(),
                                 features_->parameters(),
                                 features_->weights(),
                                 *target};
    return instruction.postprocess(input, memory.postprocess, out);
  }
  return absl::OkStatus();
}

std::span<const double> Program::Values(Operand operand, std::span<const double> registers) const {
  const std::span<const double> all = operand.is_leaf ? std::span(leaves_) : registers;
  return all.empty() ? all : all.subspan(operand.index * units_, units_);
}

std::span<const double> Program::Arguments(const Instruction& instruction) const {
  return std::span(arguments_).subspan(instruction.first_argument, instruction.argument_count);
}

}  // namespace strata::expr
