// Threads that share short pieces of work, thousands of times a second.
#ifndef STRATA_EVALUATOR_DECODING_THREAD_TEAM_H_
#define STRATA_EVALUATOR_DECODING_THREAD_TEAM_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace strata::evaluator {

// Decoding a token takes more than a hundred products, one after the other, of about ten
// microseconds each. The threads therefore wait for the next product in a short loop before they
// sleep. Each thread takes the next part of a product when it is ready, so the team waits for a
// thread that the operating system has suspended only if that thread has begun a part. A team may
// be used by one thread at a time.
class ThreadTeam {
 public:
  // Starts threads - 1 threads; the calling thread is the remaining one. `threads` is at least 1.
  // May throw std::system_error.
  explicit ThreadTeam(int threads);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int threads() const { return static_cast<int>(threads_.size()) + 1; }

  // Number of parts into which all work is divided: 1 for one thread, else several per thread.
  int parts() const { return parts_; }

  // Calls work(part) once for every part and returns when all calls have returned. `work` must not
  // throw and must not use the team.
  void Run(const std::function<void(int part)>& work);

 private:
  void Serve();
  void WorkOnParts();

  int parts_;
  std::vector<std::thread> threads_;
  const std::function<void(int)>* work_ = nullptr;
  std::atomic<uint32_t> next_part_{0};
  std::atomic<int> parts_done_{0};
  std::atomic<uint32_t> runs_{0};  // number of runs begun
  std::atomic<bool> ended_{false};
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_DECODING_THREAD_TEAM_H_
