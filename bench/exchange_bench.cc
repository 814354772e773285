// Measures the load that a coordinator can take: exchange_bench [SECONDS]. Workers run in another
// process, so that the measured memory and processor time are the coordinator's alone. Prints one
// line per number:
//
//   no-op evaluations per second of 64 workers, with a session in memory and with a stored search;
//   the time from a worker's message to the answer; the memory of 1,000 connected idle workers;
//   the utilisation of 32 workers whose evaluations take a second.
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
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "evaluator/clock.h"
#include "proto/strata.grpc.pb.h"
#include "tests/support/temporary_folder.h"
#include "tests/workers/coordinator/fake_session.h"
#include "tests/workers/small_search.h"
#include "workers/coordinator/coordinator.h"
#include "workers/wire/handshake.h"
#include "workers/wire/work_codec.h"
#include "workers/worker/child_process.h"
#include "workers/worker/worker.h"

namespace strata::workers {
namespace {

using evaluator::SecondsSince;
using evaluator::SteadySeconds;

constexpr int64_t kEndless = int64_t{1} << 40;

// A worker that answers a work item as soon as it gets it. While it has none, it reports once a
// second. It is far lighter than a real worker, so that the coordinator is what is measured.
class NoOpWorker : public grpc::ClientBidiReactor<v1::WorkerState, v1::DesiredState> {
 public:
  NoOpWorker(const std::string& address, int number, std::vector<double>* round_trips)
      : round_trips_(round_trips),
        evaluator_(SmallEvaluator()),
        runner_(MakeWorkRunner(evaluator_.get())) {
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
    // The round trip of the Hello does not count, because it includes making the connection.
    if (std::exchange(is_known_, true)) round_trips_->push_back(SecondsSince(said_at_));
    std::unique_lock lock(mutex_);
    state_.Clear();
    state_.set_heard_at_seconds(desired_.sent_at_seconds());
    const bool has_item = desired_.has_item();
    if (has_item) {
      state_.set_lease_id(desired_.lease_id());
      *state_.mutable_result() = runner_->Run(desired_.item(), nullptr);
    }
    lock.unlock();
    StartRead(&desired_);
    if (has_item) {
      Say();
    } else {
      is_idle_ = true;
    }
  }
  // The answer may arrive before the write of the message is reported as done.
  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    is_writing_ = false;
    if (ok && std::exchange(has_more_to_say_, false)) Write();
  }
  void OnDone(const grpc::Status&) override { is_done_ = true; }

  // Called from one thread, once a second.
  void Heartbeat() {
    if (is_idle_.exchange(false)) Say();
  }
  bool is_done() const { return is_done_; }

 private:
  void Say() {
    said_at_ = SteadySeconds();
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
  const std::unique_ptr<WorkRunner> runner_;
  std::unique_ptr<v1::Coordinator::Stub> stub_;
  grpc::ClientContext context_;
  v1::WorkerState state_;
  v1::DesiredState desired_;
  double said_at_ = 0;
  std::mutex mutex_;
  bool is_known_ = false;
  bool is_writing_ = false;
  bool has_more_to_say_ = false;
  std::atomic<bool> is_idle_ = false;
  std::atomic<bool> is_ending_ = false;
  std::atomic<bool> is_done_ = false;
};

// Runs in the process of the workers. Writes the 50th and 99th percentiles and the number of their
// round trips to the file `report`.
void WorkWithoutWork(const std::string& address, int count, const std::string& report) {
  std::vector<std::vector<double>> round_trips(static_cast<size_t>(count));
  std::vector<std::unique_ptr<NoOpWorker>> workers;
  for (int i = 0; i < count; ++i) {
    workers.push_back(
        std::make_unique<NoOpWorker>(address, i, &round_trips[static_cast<size_t>(i)]));
  }
  while (!std::all_of(workers.begin(), workers.end(), [](const auto& w) { return w->is_done(); })) {
    // The heartbeats are spread over a second.
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

// Runs real workers whose evaluations sleep. Writes the share of the time in which they evaluated
// to the file `report`.
void WorkForSeconds(const std::string& address, int count, const std::string& report) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  double first = std::numeric_limits<double>::infinity(), last = 0, busy = 0;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      const auto evaluator = SmallEvaluator([&](int64_t) {
        const double start = SteadySeconds();
        std::this_thread::sleep_for(std::chrono::seconds(1));
        const std::lock_guard lock(mutex);
        first = std::min(first, start);
        last = std::max(last, SteadySeconds());
        busy += SecondsSince(start);
        return absl::OkStatus();
      });
      RunWorker({.address = address, .name = fmt::format("worker-{}", i)}, evaluator.get(), nullptr)
          .IgnoreError();
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::ofstream(report) << busy / (count * (last - first));
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
  std::string report;  // what the workers wrote
};

// Serves `session` to workers of another process. Ends when the session is done, or `seconds` after
// all workers are connected.
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
  double start = 0;
  double processor_start = 0;
  int before = -1;
  const absl::Status status = coordinator->Run([&](const CoordinatorStatus& now) {
    if (before < 0 && now.connected_workers == workers) {
      start = SteadySeconds();
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
    // Enough candidates are under way to keep all workers busy.
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
    session.waits_when_out_of_items = true;
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
