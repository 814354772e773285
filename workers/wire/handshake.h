// Handshake: the first message of a stream says what a worker would compute, and the coordinator
// checks that this is what the run needs.
#ifndef STRATA_WORKERS_WIRE_HANDSHAKE_H_
#define STRATA_WORKERS_WIRE_HANDSHAKE_H_

#include <set>
#include <string>
#include <vector>

#include "evaluator/evaluator_set.h"
#include "proto/strata.pb.h"
#include "workers/wire/measurement_plan.h"

namespace strata::workers {

// Makes the first message of a worker. `model` describes the first of `model_digests`.
v1::Hello MakeHello(const std::string& worker_name, const evaluator::ModelSummary& model,
                    const std::vector<std::string>& model_digests,
                    const std::vector<std::string>& text_digests,
                    const std::string& tasks_digest = "");
v1::Hello MakeHello(const std::string& worker_name, const evaluator::Evaluator& evaluator);
v1::Hello MakeHello(const std::string& worker_name, const evaluator::EvaluatorSet& evaluators);

// Returns why a worker must not take part (what was expected and what was found), or an empty text
// if it may. A worker must hold the model and the text of at least one subject.
std::string RefusalOf(const v1::Hello& hello, const std::vector<SubjectDigests>& subjects);

// Returns the indices of the subjects whose model and text the worker holds.
std::set<int> HeldSubjects(const v1::Hello& hello, const std::vector<SubjectDigests>& subjects);

// Like RefusalOf, for a worker that lacks the evaluation tasks with the digest `tasks`. The digest
// is empty in a run without tasks.
std::string TasksRefusalOf(const v1::Hello& hello, const std::string& tasks);

// Returns host name and process id, which are unique among the workers of a run.
std::string DefaultWorkerName();

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WIRE_HANDSHAKE_H_
