// The first message of a stream: what a worker would compute, and whether that is what is wanted.
#ifndef STRATA_WORKERS_HANDSHAKE_H_
#define STRATA_WORKERS_HANDSHAKE_H_

#include <string>

#include "evaluator/evaluator.h"
#include "proto/strata.pb.h"

namespace strata::workers {

v1::Hello MakeHello(const std::string& worker_name, const evaluator::Evaluator& evaluator);

// Why a worker must not take part: what was expected and what was found. Empty if it may.
std::string RefusalOf(const v1::Hello& hello, const std::string& model_digest,
                      const std::string& text_digest);

// Likewise of a worker that lacks the tasks of digest `tasks`; a run without tasks has an empty
// one.
std::string TasksRefusalOf(const v1::Hello& hello, const std::string& tasks);

// Host name and process id: unique among the workers of a run.
std::string DefaultWorkerName();

}  // namespace strata::workers

#endif  // STRATA_WORKERS_HANDSHAKE_H_
