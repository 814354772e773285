#include "workers/handshake.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "expr/operator_table.h"
#include "workers/measurement_plan.h"
#include "workers/text_check.h"

namespace strata::workers {
v1::Hello MakeHello(const std::string& worker_name, const evaluator::Evaluator& evaluator) {
  v1::Hello hello;
  hello.set_protocol_version(kProtocolVersion);
  hello.set_worker_name(worker_name);
  hello.set_build(fmt::format("g++ {}, C++ {}", __VERSION__, __cplusplus));
  hello.set_operator_table_hash(expr::OperatorTableHash());
  const evaluator::ModelSummary& summary = evaluator.model();
  hello.set_model_digest(summary.digest);
  hello.set_text_digest(evaluator.text_digest());
  hello.set_tasks_digest(evaluator.tasks_digest());
  v1::ModelShape* shape = hello.mutable_model();
  shape->set_name(summary.name);
  shape->set_family(summary.family);
  shape->set_blocks(summary.blocks);
  for (const evaluator::LinearShape& linear : summary.linears) {
    v1::LinearShape* sent = shape->add_linears();
    sent->set_name(linear.name);
    sent->set_block(linear.block);
    sent->set_rows(linear.rows);
    sent->set_columns(linear.columns);
  }
  return hello;
}

std::string RefusalOf(const v1::Hello& hello, const std::string& model_digest,
                      const std::string& text_digest) {
  const std::string name_problem = NameProblem(hello.worker_name());
  if (!name_problem.empty()) return name_problem;
  if (hello.protocol_version() != kProtocolVersion) {
    return fmt::format("protocol version: expected {}, found {} (worker built with {})",
                       kProtocolVersion, hello.protocol_version(), Printable(hello.build()));
  }
  if (hello.operator_table_hash() != expr::OperatorTableHash()) {
    return fmt::format(
        "operator table: expected {:016x}, found {:016x}; coordinator and worker are different "
        "versions of the program",
        expr::OperatorTableHash(), hello.operator_table_hash());
  }
  if (hello.model_digest() != model_digest) {
    return fmt::format("model digest: expected {}, found {} ({})", model_digest,
                       Printable(hello.model_digest()), Printable(hello.model().name()));
  }
  if (hello.text_digest() != text_digest) {
    return fmt::format("text digest: expected {}, found {}", text_digest,
                       Printable(hello.text_digest()));
  }
  return "";
}

std::string TasksRefusalOf(const v1::Hello& hello, const std::string& tasks) {
  if (tasks.empty() || hello.tasks_digest() == tasks) return "";
  return fmt::format("tasks digest: expected {}, found {}", tasks,
                     hello.tasks_digest().empty() ? "none: name their files with --tasks"
                                                  : Printable(hello.tasks_digest()));
}

std::string DefaultWorkerName() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  return fmt::format("{}:{}", host.data(), getpid());
}

}  // namespace strata::workers
