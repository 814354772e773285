// The coordinator of a chaos run, whose clock jumps:
//   chaos_coordinator RUN_FOLDER ADDRESS ARCHIVE JOURNAL EVALUATIONS SEED JUMP_SECONDS
// The clock of its leases jumps every JUMP_SECONDS on average, 0: never. What it does is appended
// to JOURNAL, a line each:
//   begin DIGEST    a result is about to be stored    end DIGEST      it is stored and counted
//   jump SECONDS    of the clock
//   tick TIME REISSUED HEDGED ABSORBED WORKER...      with the workers that have a lease
// TIME is of CLOCK_MONOTONIC, seconds. ARCHIVE is written when the search is done.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "evaluator/clock.h"
#include "tests/chaos/chaos_run.h"
#include "tests/workers/small_search.h"

namespace strata::workers {
namespace {

using evaluator::SteadySeconds;

class Journal {
 public:
  explicit Journal(const std::string& path)
      : descriptor_(open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)) {}
  ~Journal() { close(descriptor_); }

  // In one piece: a kill leaves no half of a line.
  void Write(const std::string& line) {
    const std::string text = line + "\n";
    if (write(descriptor_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      _exit(3);
    }
  }

 private:
  const int descriptor_;
};

class JournalingSession : public search::Session {
 public:
  JournalingSession(search::Session* session, Journal* journal)
      : session_(session), journal_(journal) {}

  absl::StatusOr<search::SessionAction> Next() override { return session_->Next(); }
  absl::Status Complete(const search::SessionItem& item, const search::Outcome& outcome) override {
    journal_->Write("begin " + item.digest);
    const absl::Status status = session_->Complete(item, outcome);
    if (status.ok()) journal_->Write("end " + item.digest);
    return status;
  }
  // Stores every outcome at once, so that the journal says what is stored.
  absl::Status Record(const search::SessionItem& item, const search::Outcome& outcome) override {
    return Complete(item, outcome);
  }
  absl::Status Commit() override { return session_->Commit(); }
  const search::Engine& engine() const override { return session_->engine(); }
  double seconds_spent() const override { return session_->seconds_spent(); }
  bool search_stopped() const override { return session_->search_stopped(); }

 private:
  search::Session* const session_;
  Journal* const journal_;
};

class JumpingClock {
 public:
  JumpingClock(unsigned seed, double jump_seconds, Journal* journal)
      : random_(seed), jump_seconds_(jump_seconds), journal_(journal) {
    next_jump_ = SteadySeconds() + Pause();
  }

  double Now() {
    const double now = SteadySeconds();
    if (jump_seconds_ > 0 && now > next_jump_) {
      constexpr double kJumps[] = {5, -5, 3600, -3600, 1e6, -1e6};
      const double jump = kJumps[random_() % std::size(kJumps)];
      offset_ += jump;
      next_jump_ = now + Pause();
      journal_->Write(fmt::format("jump {}", jump));
    }
    return now + offset_;
  }

 private:
  double Pause() {
    return std::uniform_real_distribution<double>(0.5, 1.5)(random_) * jump_seconds_;
  }

  std::mt19937 random_;
  const double jump_seconds_;
  Journal* const journal_;
  double next_jump_ = 0;
  double offset_ = 0;
};

absl::Status Serve(const std::vector<std::string>& arguments) {
  Journal journal(arguments[3]);
  JumpingClock clock(static_cast<unsigned>(std::stoul(arguments[5])), std::stod(arguments[6]),
                     &journal);
  absl::StatusOr<SmallSearch> small =
      OpenSmallSearch(arguments[0], {.evaluations = std::stoll(arguments[4])});
  if (!small.ok()) return small.status();
  JournalingSession session(small->session.get(), &journal);
  CoordinatorOptions options = SmallCoordinatorOptions(arguments[1]);
  options.lease_seconds = chaos::kLeaseSeconds;
  options.maximum_machine_faults_per_item = 1000;  // none of them is the work item's fault
  options.no_worker_seconds = 1e9;
  options.now_seconds = [&clock] { return clock.Now(); };
  auto coordinator = Coordinator::Start(options, &session);
  if (!coordinator.ok()) return coordinator.status();
  const absl::Status status = (*coordinator)->Run([&](const CoordinatorStatus& now) {
    std::vector<std::string> busy;
    for (const WorkerStatus& worker : now.workers) {
      if (!worker.leased_item.empty()) busy.push_back(worker.name);
    }
    journal.Write(fmt::format("tick {:.3f} {} {} {} {}", SteadySeconds(), now.reissued_items,
                              now.hedged_items, now.absorbed_results, fmt::join(busy, " ")));
    return false;
  });
  if (status.ok()) std::ofstream(arguments[2]) << DescribeArchive(session.engine());
  return status;
}

}  // namespace
}  // namespace strata::workers

int main(int argc, char** argv) {
  if (argc != 8) return 2;
  const absl::Status status = strata::workers::Serve({argv + 1, argv + argc});
  if (!status.ok()) fmt::print(stderr, "{}\n", std::string(status.message()));
  return status.ok() ? 0 : 1;
}
