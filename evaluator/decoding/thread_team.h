// Threads that work on the same short pieces, thousands of times a second.
#ifndef STRATA_EVALUATOR_THREAD_TEAM_H_
#define STRATA_EVALUATOR_THREAD_TEAM_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace strata::evaluator {

// Decoding a token is more than a hundred products of some ten microseconds each, one after the
// other. So threads wait for the next one in a short loop before they sleep; and they take parts of
// it as they come, so that one that the operating system has put aside is waited for only if it
// has begun a part. Used by one thread at a time.
class ThreadTeam {
 public:
  // Starts threads - 1 threads; the caller is the other one. At least 1. May throw
  // std::system_error.
  explicit ThreadTeam(int threads);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int threads() const { return static_cast<int>(threads_.size()) + 1; }

  // Into how many parts all work is divided: 1 for one thread, else several for each.
  int parts() const { return parts_; }

  // Calls work(part) for every part, each once, and returns when all have returned. `work` must not
  // throw, nor use the team.
  void Run(const std::function<void(int part)>& work);

 private:
  void Serve();
  void WorkOnParts();

  int parts_;
  std::vector<std::thread> threads_;
  const std::function<void(int)>* work_ = nullptr;
  std::atomic<uint32_t> next_part_{0};
  std::atomic<int> parts_done_{0};
  std::atomic<uint32_t> runs_{0};  // begun
  std::atomic<bool> ended_{false};
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_THREAD_TEAM_H_
