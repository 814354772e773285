// What the coordinator bears: exchange_bench [SECONDS]. Workers run in a process of their own, so
// that the coordinator's memory and processor time are its own. Prints one line a number.
//
//   no-op evaluations a second with 64 workers, with a session in memory and with a stored search;
//   the time from a worker's message to the answer; memory of 1,000 connected idle workers;
//   utilisation of 32 workers whose evaluations take a second.
#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proto/strata.grpc.pb.h"
#include "tests/workers/coordinator/fake_session.h"
#include "tests/workers/small_search.h"
#include "tests/workers/temporary_folder.h"
#include "workers/coordinator/coordinator.h"
#include "workers/wire/handshake.h"
#include "workers/wire/task_codec.h"
#include "workers/worker/child_process.h"
#include "workers/worker/worker.h"

namespace strata::workers {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kEndless = int64_t{1} << 40;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// A worker that answers a task as soon as it gets it, and reports once a second while it has none.
// Far lighter than a real one, so that the coordinator is what is measured.
class NoOpWorker : public grpc::ClientBidiReactor<v1::WorkerState, v1::DesiredState> {
 public:
  NoOpWorker(const std::string& address, int number, std::vector<double>* round_trips)
      : round_trips_(round_trips),
        evaluator_(SmallEvaluator()),
        runner_(MakeTaskRunner(evaluator_.get())) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = v1::Coordinator::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
    *state_.mutable_hello() = runner_->hello();
    state_.mutable_hello()->set_worker_name(fmt::format("no-op-{}", number));
    stub_->async()->Exchange(&context_, this);
    AddHold();
    StartRead(&desired_);
    StartCall();
    Say();
  }

  void OnReadDone(bool ok) override {
    if (!ok || desired_.shut_down()) return End();
    // Not of the Hello, before which there is a connection to make.
    if (std::exchange(is_known_, true)) round_trips_->push_back(SecondsSince(said_at_));
    std::unique_lock lock(mutex_);
    state_.Clear();
    state_.set_heard_at_seconds(desired_.sent_at_seconds());
    const bool has_task = desired_.has_task();
    if (has_task) {
      state_.set_lease_id(desired_.lease_id());
      *state_.mutable_result() = runner_->Run(desired_.task(), nullptr);
    }
    lock.unlock();
    StartRead(&desired_);
    if (has_task) {
      Say();
    } else {
      is_idle_ = true;
    }
  }
  // The answer may come before the message is known to be written.
  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    is_writing_ = false;
    if (ok && std::exchange(has_more_to_say_, false)) Write();
  }
  void OnDone(const grpc::Status&) override { is_done_ = true; }

  // From one thread, once a second.
  void Heartbeat() {
    if (is_idle_.exchange(false)) Say();
  }
  bool is_done() const { return is_done_; }

 private:
  void Say() {
    said_at_ = Clock::now();
    const std::lock_guard lock(mutex_);
    if (is_writing_) {
      has_more_to_say_ = true;
    } else {
      Write();
    }
  }
  void Write() {
    is_writing_ = true;
    StartWrite(&state_);
  }
  void End() {
    if (!is_ending_.exchange(true)) RemoveHold();
  }

  std::vector<double>* const round_trips_;  // of this worker alone
  const std::unique_ptr<evaluator::Evaluator> evaluator_;
  const std::unique_ptr<TaskRunner> runner_;
  std::unique_ptr<v1::Coordinator::Stub> stub_;
  grpc::ClientContext context_;
  v1::WorkerState state_;
  v1::DesiredState desired_;
  Clock::time_point said_at_;
  std::mutex mutex_;
  bool is_known_ = false;
  bool is_writing_ = false;
  bool has_more_to_say_ = false;
  std::atomic<bool> is_idle_ = false;
  std::atomic<bool> is_ending_ = false;
  std::atomic<bool> is_done_ = false;
};

// The process of the workers: prints the 50th and 99th percentiles of their round trips.
void WorkWithoutWork(const std::string& address, int count, const std::string& report) {
  std::vector<std::vector<double>> round_trips(static_cast<size_t>(count));
  std::vector<std::unique_ptr<NoOpWorker>> workers;
  for (int i = 0; i < count; ++i) {
    workers.push_back(
        std::make_unique<NoOpWorker>(address, i, &round_trips[static_cast<size_t>(i)]));
  }
  while (!std::all_of(workers.begin(), workers.end(), [](const auto& w) { return w->is_done(); })) {
    // Spread over a second.
    for (const auto& worker : workers) {
      std::this_thread::sleep_for(std::chrono::microseconds(1'000'000 / count));
      worker->Heartbeat();
    }
  }
  std::vector<double> all;
  for (const auto& some : round_trips) all.insert(all.end(), some.begin(), some.end());
  std::sort(all.begin(), all.end());
  const auto at = [&all](double share) {
    return all.empty() ? 0 : all[static_cast<size_t>(share * static_cast<double>(all.size() - 1))];
  };
  std::ofstream(report) << 1000 * at(0.5) << " " << 1000 * at(0.99) << " " << all.size();
}

// Real workers whose evaluations sleep: prints the share of the time in which they evaluated.
void WorkForSeconds(const std::string& address, int count, const std::string& report) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  Clock::time_point first = Clock::time_point::max(), last = Clock::time_point::min();
  std::chrono::duration<double> busy{0};
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      const auto evaluator = SmallEvaluator([&](int64_t) {
        const Clock::time_point start = Clock::now();
        std::this_thread::sleep_for(std::chrono::seconds(1));
        const std::lock_guard lock(mutex);
        first = std::min(first, start);
        last = std::max(last, Clock::now());
        busy += Clock::now() - start;
        return absl::OkStatus();
      });
      RunWorker({.address = address, .name = fmt::format("worker-{}", i)}, evaluator.get(), nullptr)
          .IgnoreError();
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::ofstream(report) << busy.count() /
                               (count * std::chrono::duration<double>(last - first).count());
}

int64_t ResidentKilobytes() {
  std::ifstream file("/proc/self/status");
  for (std::string field; file >> field;) {
    int64_t value = 0;
    if (field == "VmRSS:" && file >> value) return value;
  }
  return 0;
}

double ProcessorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

struct Served {
  CoordinatorStatus status;
  double seconds = 0;
  double processor_seconds = 0;
  int64_t kilobytes_before = 0, kilobytes_after = 0;
  std::string report;  // of the workers
};

// Serves `session` to workers of another process until `seconds` after they are all connected, or
// until it is done.
Served Serve(search::Session* session, const std::string& kind, int workers, double seconds) {
  TemporaryFolder folder;
  CoordinatorOptions options = SmallCoordinatorOptions("unix:" + (folder / "s"));
  options.heartbeat_seconds = 1;
  auto coordinator = Coordinator::Start(options, session).value();
  Served served;
  served.kilobytes_before = ResidentKilobytes();
  const pid_t child =
      StartChildProcess({.command = {"/proc/self/exe", kind, options.address,
                                     fmt::format("{}", workers), folder / "report"}})
          .value();
  Clock::time_point start;
  double processor_start = 0;
  int before = -1;
  const absl::Status status = coordinator->Run([&](const CoordinatorStatus& now) {
    if (before < 0 && now.connected_workers == workers) {
      start = Clock::now();
      processor_start = ProcessorSeconds();
      before = now.evaluations;
    }
    if (before >= 0 && now.connected_workers > 0) {
      served.seconds = SecondsSince(start);
      served.processor_seconds = ProcessorSeconds() - processor_start;
      served.kilobytes_after = ResidentKilobytes();
      served.status = now;
      served.status.evaluations -= before;
    }
    return before >= 0 && SecondsSince(start) > seconds;
  });
  if (!status.ok()) fmt::print(stderr, "{}\n", std::string(status.message()));
  waitpid(child, nullptr, 0);
  std::getline(std::ifstream(folder / "report"), served.report);
  return served;
}

void PrintRate(const std::string& what, const Served& served) {
  double middle = 0, high = 0;
  std::istringstream(served.report) >> middle >> high;
  fmt::print(
      "{}: {:.0f} a second ({:.2f} processors); answer after {:.1f} ms, 99th percentile {:.1f} "
      "ms\n",
      what, served.status.evaluations / served.seconds, served.processor_seconds / served.seconds,
      middle, high);
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  spdlog::set_level(spdlog::level::warn);
  if (argc == 5) {
    const bool is_no_op = std::string(argv[1]) == "no-op";
    (is_no_op ? WorkWithoutWork : WorkForSeconds)(argv[2], std::stoi(argv[3]), argv[4]);
    return 0;
  }
  const double seconds = argc > 1 ? std::stod(argv[1]) : 10;
  {
    FakeSession session(kEndless, kSmallBlocks);
    PrintRate("no-op evaluations, 64 workers, session in memory",
              Serve(&session, "no-op", 64, seconds));
  }
  {
    FakeSession session(kEndless, kSmallBlocks);
    PrintRate("no-op evaluations, 8 workers, session in memory",
              Serve(&session, "no-op", 8, seconds));
  }
  {
    TemporaryFolder folder;
    SmallSearch small = OpenSmallSearch(folder / "run", {.evaluations = 1'000'000}).value();
    PrintRate("no-op evaluations, 64 workers, stored search",
              Serve(small.session.get(), "no-op", 64, seconds));
  }
  {
    // As many candidates under way as keep all workers busy.
    TemporaryFolder folder;
    SmallSearch small =
        OpenSmallSearch(folder / "run",
                        {.evaluations = 1'000'000, .lag = 256, .has_surrogate = false})
            .value();
    PrintRate("no-op evaluations, 64 workers, stored search without a surrogate, lag 256",
              Serve(small.session.get(), "no-op", 64, seconds));
  }
  {
    FakeSession session(0, kSmallBlocks);
    session.waits_when_out_of_tasks = true;
    const Served served = Serve(&session, "no-op", 1000, seconds);
    PrintRate("1,000 idle workers", served);
    fmt::print("1,000 idle workers: coordinator's memory {:.0f} MB, {:.0f} MB before they came\n",
               1e-3 * static_cast<double>(served.kilobytes_after),
               1e-3 * static_cast<double>(served.kilobytes_before));
  }
  {
    FakeSession session(32 * static_cast<int64_t>(seconds), kSmallBlocks);
    const Served served = Serve(&session, "seconds", 32, 10 * seconds);
    fmt::print("utilisation, 32 workers, evaluations of 1 s: {} %\n",
               100 * std::stod("0" + served.report));
  }
  return 0;
}

}  // namespace
}  // namespace strata::workers

int main(int argc, char** argv) { return strata::workers::Main(argc, argv); }
