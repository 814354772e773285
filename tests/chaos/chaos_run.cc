#include "tests/chaos/chaos_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "evaluator/clock.h"
#include "tests/chaos/fault_proxy.h"
#include "tests/support/temporary_folder.h"
#include "tests/workers/small_search.h"
#include "workers/worker/child_process.h"

namespace strata::chaos {
namespace {

using evaluator::SteadySeconds;

constexpr std::chrono::milliseconds kStep(20);
constexpr double kFrozenSeconds = kLeaseSeconds + 1.5;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// What the coordinators wrote, read as it grows.
class JournalReader {
 public:
  explicit JournalReader(const std::string& path) : path_(path) {}

  void Update() {
    std::ifstream file(path_, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(taken_bytes_));
    for (std::string line; std::getline(file, line) && !file.eof();) {
      taken_bytes_ += line.size() + 1;
      Take(line);
    }
  }

  // A coordinator ended: its counts stay.
  void EndSitting() {
    Update();
    for (int i = 0; i < 3; ++i) totals[i] += sitting_[i], sitting_[i] = 0;
  }

  std::unordered_map<std::string, int> counted;         // by digest
  std::unordered_map<std::string, double> last_leased;  // by worker, the time
  int jumps = 0;
  int totals[3] = {};  // reissued, hedged, absorbed

 private:
  void Take(const std::string& line) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "end") {
      std::string digest;
      words >> digest;
      ++counted[digest];
    } else if (kind == "jump") {
      ++jumps;
    } else if (kind == "tick") {
      double time = 0;
      words >> time >> sitting_[0] >> sitting_[1] >> sitting_[2];
      for (std::string worker; words >> worker;) last_leased[worker] = time;
    }
  }

  const std::string path_;
  size_t taken_bytes_ = 0;
  int sitting_[3] = {};
};

class ChaosRun {
 public:
  explicit ChaosRun(const ChaosOptions& options)
      : options_(options),
        random_(options.seed),
        journal_(folder_ / "journal"),
        proxy_(&context_, folder_ / "proxy", folder_ / "coordinator"),
        timer_(context_),
        workers_(static_cast<size_t>(options.workers)),
        log_(open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {}

  ~ChaosRun() {
    for (Worker& worker : workers_) End(&worker.process);
    End(&coordinator_);
    close(log_);
  }

  ChaosReport Run() {
    double start = SteadySeconds();
    const std::string expected =
        workers::ExpectedArchive(folder_ / "expected", options_.evaluations, &expected_items_);
    report_.undisturbed_seconds = SteadySeconds() - std::exchange(start, SteadySeconds());
    StartCoordinator();
    Step();
    context_.run();
    report_.seconds = SteadySeconds() - start;
    report_.same_archive = ReadFile(folder_ / "archive") == expected;
    Count();
    return report_;
  }

 private:
  struct Worker {
    pid_t process = 0;
    int generation = 0;
    std::string name;
    std::optional<double> frozen_until;
  };

  static void End(pid_t* process) {
    if (*process <= 0) return;
    kill(*process, SIGKILL);
    waitpid(*process, nullptr, 0);
    *process = 0;
  }

  pid_t Start(std::vector<std::string> command) {
    const absl::StatusOr<pid_t> started =
        workers::StartChildProcess({.command = std::move(command),
                                    .descriptors = {{log_, STDOUT_FILENO}, {log_, STDERR_FILENO}},
                                    .death_signal = SIGKILL});
    if (started.ok()) return *started;
    report_.error = std::string(started.status().message());
    context_.stop();
    return 0;
  }

  void StartCoordinator() {
    const bool jumps = options_.faults.contains(Fault::kClockJumped);
    coordinator_ =
        Start({options_.coordinator_program, folder_ / "run", "unix:" + (folder_ / "coordinator"),
               folder_ / "archive", folder_ / "journal", fmt::format("{}", options_.evaluations),
               fmt::format("{}", random_() % 1'000'000),
               fmt::format("{}", jumps ? 1 / options_.faults_per_second : 0)});
  }

  void StartWorker(size_t index) {
    Worker& worker = workers_[index];
    worker.name = fmt::format("worker-{}-{}", index, ++worker.generation);
    worker.frozen_until.reset();
    worker.process = Start({options_.worker_program, "unix:" + (folder_ / "proxy"), worker.name});
  }

  // Every 20 ms: what ended is started again, what is due is broken.
  void Step() {
    journal_.Update();
    int status = 0;
    if (coordinator_ > 0 && waitpid(coordinator_, &status, WNOHANG) == coordinator_) {
      coordinator_ = 0;
      journal_.EndSitting();
      if (status != 0) {
        report_.error = fmt::format("a coordinator {}; the logs:\n{}", workers::DescribeEnd(status),
                                    ReadFile(folder_ / "log"));
      }
      return context_.stop();
    }
    for (size_t i = 0; i < workers_.size(); ++i) {
      Worker& worker = workers_[i];
      if (worker.frozen_until.has_value() && SteadySeconds() > *worker.frozen_until) {
        kill(worker.process, SIGCONT);
        worker.frozen_until.reset();
      }
      if (worker.process > 0 && waitpid(worker.process, nullptr, WNOHANG) == worker.process) {
        worker.process = 0;
      }
      if (worker.process == 0) StartWorker(i);
    }
    KillCoordinatorWhenDue();
    const double chance = options_.faults_per_second * std::chrono::duration<double>(kStep).count();
    for (const auto& [fault, name] : kFaults) {
      if (!options_.faults.contains(fault)) continue;
      if (std::uniform_real_distribution<double>(0, 1)(random_) < chance && Inject(fault)) {
        ++report_.injected[fault];
      }
    }
    timer_.expires_after(kStep);
    timer_.async_wait([this](const boost::system::error_code&) { Step(); });
  }

  // The kills are spread evenly over the work items.
  void KillCoordinatorWhenDue() {
    const int done = report_.injected[Fault::kCoordinatorKilled];
    if (!options_.faults.contains(Fault::kCoordinatorKilled)) return;
    if (done >= options_.coordinator_kills) return;
    const auto due = static_cast<int64_t>(expected_items_.size()) * (done + 1) /
                     (options_.coordinator_kills + 1);
    if (static_cast<int64_t>(journal_.counted.size()) < due) return;
    End(&coordinator_);
    journal_.EndSitting();
    ++report_.injected[Fault::kCoordinatorKilled];
    StartCoordinator();
  }

  bool Inject(Fault fault) {
    switch (fault) {
      case Fault::kWorkerKilled:
        return Kill(&workers_[random_() % workers_.size()]);
      case Fault::kEvaluationKilled:
        return KillChildOf(workers_[random_() % workers_.size()]);
      case Fault::kWorkerFrozen:
        return Freeze(&workers_[random_() % workers_.size()]);
      case Fault::kConnectionCut:
        return proxy_.Inject(ConnectionFault::kCut, &random_);
      case Fault::kCallsDelayed:
        return proxy_.Inject(ConnectionFault::kDelay, &random_);
      case Fault::kConnectionStalled:
        return proxy_.Inject(ConnectionFault::kStall, &random_);
      case Fault::kRequestsLost:
        return proxy_.Inject(ConnectionFault::kLoseRequests, &random_);
      case Fault::kResponsesLost:
        return proxy_.Inject(ConnectionFault::kLoseResponses, &random_);
      case Fault::kCoordinatorKilled:
      case Fault::kClockJumped:
        return false;  // not from here
    }
    return false;
  }

  bool Kill(Worker* worker) {
    if (worker->process == 0) return false;
    End(&worker->process);
    killed_at_[worker->name] = SteadySeconds();
    return true;
  }

  static bool KillChildOf(const Worker& worker) {
    std::ifstream file(fmt::format("/proc/{}/task/{}/children", worker.process, worker.process));
    pid_t child = 0;
    return file >> child && kill(child, SIGKILL) == 0;
  }

  static bool Freeze(Worker* worker) {
    if (worker->process == 0 || worker->frozen_until.has_value()) return false;
    worker->frozen_until = SteadySeconds() + kFrozenSeconds;
    return kill(worker->process, SIGSTOP) == 0;
  }

  void Count() {
    report_.injected[Fault::kClockJumped] = journal_.jumps;
    report_.items = static_cast<int64_t>(expected_items_.size());
    const auto store = search::RunStore::OpenForReading(folder_ / "run");
    for (const std::string& digest : expected_items_) {
      const bool is_stored = store.ok() && (*store)->FindOutcome(digest).value_or(std::nullopt);
      if (!is_stored) ++report_.lost;
    }
    for (const auto& [digest, times] : journal_.counted) {
      if (times > 1) ++report_.counted_twice;
      if (!expected_items_.contains(digest)) ++report_.stray;
    }
    for (const auto& [name, time] : killed_at_) {
      const auto leased = journal_.last_leased.find(name);
      if (leased == journal_.last_leased.end()) continue;
      report_.longest_orphan_seconds =
          std::max(report_.longest_orphan_seconds, leased->second - time);
    }
    report_.reissued = journal_.totals[0];
    report_.hedged = journal_.totals[1];
    report_.absorbed = journal_.totals[2];
  }

  const ChaosOptions options_;
  std::mt19937_64 random_;
  TemporaryFolder folder_;
  JournalReader journal_;
  boost::asio::io_context context_;
  FaultProxy proxy_;
  boost::asio::steady_timer timer_;
  std::vector<Worker> workers_;
  pid_t coordinator_ = 0;
  std::set<std::string> expected_items_;  // digests
  const int log_;                         // a descriptor, of all processes
  std::map<std::string, double> killed_at_;
  ChaosReport report_;
};

}  // namespace

ChaosReport RunChaos(const ChaosOptions& options) { return ChaosRun(options).Run(); }

}  // namespace strata::chaos
