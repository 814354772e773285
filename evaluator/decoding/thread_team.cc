#include "evaluator/decoding/thread_team.h"

namespace strata::evaluator {
namespace {

constexpr int kPartsPerThread = 4;

// Number of rounds that a thread waits before it sleeps. They take some tens of microseconds.
constexpr int kRounds = 1000;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Returns when `value` is no longer `old`.
template <typename Number>
void WaitForChange(const std::atomic<Number>& value, Number old) {
  for (int round = 0; round < kRounds; ++round) {
    if (value.load(std::memory_order_acquire) != old) return;
    Pause();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadTeam::ThreadTeam(int threads) : parts_(threads == 1 ? 1 : kPartsPerThread * threads) {
  next_part_ = static_cast<uint32_t>(parts_);
  for (int thread = 1; thread < threads; ++thread) threads_.emplace_back([this] { Serve(); });
}

ThreadTeam::~ThreadTeam() {
  ended_ = true;
  runs_.fetch_add(1, std::memory_order_release);
  runs_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::Run(const std::function<void(int part)>& work) {
  if (threads_.empty()) return work(0);
  // No thread has a part now, and none takes one before next_part_ is reset below. A thread that
  // then takes a part sees the work of this run, even if it was late for the run before.
  work_ = &work;
  parts_done_.store(0, std::memory_order_relaxed);
  next_part_.store(0, std::memory_order_release);
  runs_.fetch_add(1, std::memory_order_release);
  runs_.notify_all();
  WorkOnParts();
  for (int done = parts_done_.load(std::memory_order_acquire); done != parts_;
       done = parts_done_.load(std::memory_order_acquire)) {
    WaitForChange(parts_done_, done);
  }
}

void ThreadTeam::Serve() {
  for (uint32_t seen = 0;; ++seen) {
    WaitForChange(runs_, seen);
    if (ended_) return;
    WorkOnParts();
  }
}

void ThreadTeam::WorkOnParts() {
  while (true) {
    const uint32_t part = next_part_.fetch_add(1, std::memory_order_acq_rel);
    if (part >= static_cast<uint32_t>(parts_)) return;
    (*work_)(static_cast<int>(part));
    if (parts_done_.fetch_add(1, std::memory_order_acq_rel) + 1 == parts_) parts_done_.notify_one();
  }
}

}  // namespace strata::evaluator
