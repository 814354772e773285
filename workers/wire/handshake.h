// The first message of a stream: what a worker would compute, and whether that is what is wanted.
#ifndef STRATA_WORKERS_HANDSHAKE_H_
#define STRATA_WORKERS_HANDSHAKE_H_

#include <set>
#include <string>
#include <vector>

#include "evaluator/evaluator_set.h"
#include "proto/strata.pb.h"
#include "workers/wire/measurement_plan.h"

namespace strata::workers {

// `model` is the first of those of `model_digests`.
v1::Hello MakeHello(const std::string& worker_name, const evaluator::ModelSummary& model,
                    const std::vector<std::string>& model_digests,
                    const std::vector<std::string>& text_digests,
                    const std::string& tasks_digest = "");
v1::Hello MakeHello(const std::string& worker_name, const evaluator::Evaluator& evaluator);
v1::Hello MakeHello(const std::string& worker_name, const evaluator::EvaluatorSet& evaluators);

// Why a worker must not take part: what was expected and what was found. Empty if it may. It must
// hold one of the models and texts of the run.
std::string RefusalOf(const v1::Hello& hello, const std::vector<SubjectDigests>& subjects);

// The places of those that the worker holds.
std::set<int> HeldSubjects(const v1::Hello& hello, const std::vector<SubjectDigests>& subjects);

// Likewise of a worker that lacks the tasks of digest `tasks`; a run without tasks has an empty
// one.
std::string TasksRefusalOf(const v1::Hello& hello, const std::string& tasks);

// Host name and process id: unique among the workers of a run.
std::string DefaultWorkerName();

}  // namespace strata::workers

#endif  // STRATA_WORKERS_HANDSHAKE_H_
