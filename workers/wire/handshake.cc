#include "workers/wire/handshake.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "expr/operator_table.h"
#include "workers/wire/field_checks.h"
#include "workers/wire/measurement_plan.h"

namespace strata::workers {
namespace {

constexpr int kMaximumHeld = 64;  // models of one worker, and also texts of one worker

using Digests = google::protobuf::RepeatedPtrField<std::string>;

bool Contains(const Digests& digests, const std::string& digest) {
  return std::find(digests.begin(), digests.end(), digest) != digests.end();
}

std::string Listed(const Digests& digests) {
  std::string text;
  for (const std::string& digest : digests) {
    text += (text.empty() ? "" : ", ") + Printable(digest);
  }
  return text.empty() ? "none" : text;
}

}  // namespace

v1::Hello MakeHello(const std::string& worker_name, const evaluator::Evaluator& evaluator) {
  return MakeHello(worker_name, evaluator.model(), {evaluator.model().digest},
                   {evaluator.text_digest()}, evaluator.tasks_digest());
}

v1::Hello MakeHello(const std::string& worker_name, const evaluator::EvaluatorSet& evaluators) {
  return MakeHello(worker_name, evaluators.model(), evaluators.model_digests(),
                   evaluators.text_digests(), evaluators.tasks_digest());
}

v1::Hello MakeHello(const std::string& worker_name, const evaluator::ModelSummary& summary,
                    const std::vector<std::string>& model_digests,
                    const std::vector<std::string>& text_digests, const std::string& tasks_digest) {
  v1::Hello hello;
  hello.set_protocol_version(kProtocolVersion);
  hello.set_worker_name(worker_name);
  hello.set_build(fmt::format("g++ {}, C++ {}", __VERSION__, __cplusplus));
  hello.set_operator_table_hash(expr::OperatorTableHash());
  for (const std::string& digest : model_digests) hello.add_model_digests(digest);
  for (const std::string& digest : text_digests) hello.add_text_digests(digest);
  hello.set_tasks_digest(tasks_digest);
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

std::string RefusalOf(const v1::Hello& hello, const std::vector<SubjectDigests>& subjects) {
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
  if (hello.model_digests_size() > kMaximumHeld || hello.text_digests_size() > kMaximumHeld) {
    return fmt::format("expected at most {} models and texts, found {} and {}", kMaximumHeld,
                       hello.model_digests_size(), hello.text_digests_size());
  }
  if (!HeldSubjects(hello, subjects).empty()) return "";
  const SubjectDigests& first = subjects.front();
  if (!Contains(hello.model_digests(), first.model)) {
    return fmt::format("model digest: expected {}, found {} ({})", first.model,
                       Listed(hello.model_digests()), Printable(hello.model().name()));
  }
  return fmt::format("text digest: expected {}, found {}", first.text,
                     Listed(hello.text_digests()));
}

std::set<int> HeldSubjects(const v1::Hello& hello, const std::vector<SubjectDigests>& subjects) {
  std::set<int> held;
  for (size_t i = 0; i < subjects.size(); ++i) {
    if (Contains(hello.model_digests(), subjects[i].model) &&
        Contains(hello.text_digests(), subjects[i].text)) {
      held.insert(static_cast<int>(i));
    }
  }
  return held;
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
