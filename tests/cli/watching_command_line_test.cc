// What a search shows before, during and after it, and where it stores and logs.
#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <sstream>
#include <thread>

#include "tests/cli/small_search_fixture.h"

namespace strata::cli {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class WatchingCommandLineTest : public SmallSearchTest {
 protected:
  // A search that goes on until it is stopped; its standard output and error are `out` and `error`
  // of the folder.
  pid_t StartEndless(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"search", config_, "--set", "search.maximum_evaluations=1000000",
                               "--set", "search.strategy=random"});
    const pid_t search = Start(more);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (StoredEvaluations(Path("run")) < 5) {
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "no evaluations after two minutes: " << ReadFile(Error());
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return search;
  }

  // Standard output of a shell command, of which the fixture keeps nothing.
  static std::string Shell(const std::string& command) {
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return "";
    std::string text;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
      text.push_back(static_cast<char>(c));
    }
    pclose(pipe);
    return text;
  }

  json Status(const std::string& of) const {
    return json::parse(Shell(fmt::format("{} status {} --format json", STRATA_PROGRAM, of)),
                       nullptr, false);
  }

  static std::vector<json> Lines(const std::string& text) {
    std::vector<json> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
    return lines;
  }
};

TEST_F(WatchingCommandLineTest, ADryRunForecastsAndWritesNothing) {
  const json forecast = Search({"--dry-run"});
  EXPECT_EQ(forecast["units"], 3);
  EXPECT_EQ(forecast["baselines"], 3);
  EXPECT_EQ(forecast["evaluations"], 25);
  EXPECT_EQ(forecast["limited_by"], "evaluations");
  ASSERT_EQ(forecast["stages"].size(), 3u);
  EXPECT_EQ(forecast["stages"][0]["protocol"], "one-shot");
  EXPECT_EQ(forecast["stages"][0]["tokens"], 3 * 32);
  EXPECT_EQ(forecast["stages"][2]["split"], "report");
  EXPECT_FALSE(std::filesystem::exists(Path("run")));
  EXPECT_THAT(Run({"search", config_, "--dry-run", "--no-probe"}).out,
              AllOf(HasSubstr("finalists measured exactly"), HasSubstr("lower bound")));
  EXPECT_EQ(forecast["baseline_settings_not_reached_at_most"],
            std::max(0, forecast["baseline_settings"].get<int>() - 25));
  EXPECT_THAT(Run({"search", config_, "--dry-run", "--set", "search.maximum_evaluations=4"}).out,
              HasSubstr("the search ends before it breeds: up to "));
  EXPECT_THAT(Run({"search", config_, "--dry-run", "--set", "search.maximum_evaluations=900"}).out,
              ::testing::Not(HasSubstr("before it breeds")));
  const std::vector<std::string> refined = {"--dry-run", "--set", "refine.evaluations=10", "--set",
                                            "refine.slope_windows=2"};
  const json longer = Search(refined);
  ASSERT_EQ(longer["stages"].size(), 5u);
  EXPECT_EQ(longer["stages"][3]["stage"], "refinement");
  EXPECT_EQ(longer["stages"][4]["stage"], "slopes");
  EXPECT_EQ(longer["stages"][4]["tokens"], 2 * 32);
  EXPECT_GT(longer["refinement_seconds_at_least"].get<double>(), 0);
  EXPECT_REFUSED(Run({"search", config_, "--dry-run", "--set", "target_sparsity=7"}),
                 HasSubstr("'target_sparsity'"));

  // No folder is needed for what writes nothing.
  std::string without_run = ReadFile(config_);
  const size_t line = without_run.find("run: ");
  without_run.erase(line, without_run.find('\n', line) + 1 - line);
  const std::string anywhere = Write("anywhere.yaml", without_run);
  const Outcome dry = Run({"search", anywhere, "--dry-run", "--format", "json"});
  ASSERT_EQ(dry.exit_code, 0) << dry.error;
  EXPECT_EQ(json::parse(dry.out)["units"], 3);
  EXPECT_REFUSED(Run({"search", anywhere}), HasSubstr("'run'"));

  // The measured rate of a run takes the place of the bound.
  Search();
  const json rated = Search({"--dry-run", "--run", Path("second"), "--rate-from", Path("run")});
  EXPECT_THAT(rated["rate"].get<std::string>(), HasSubstr(Path("run")));
  EXPECT_GT(rated["search_seconds"].get<double>(), 0);
  EXPECT_FALSE(std::filesystem::exists(Path("second")));
}

TEST_F(WatchingCommandLineTest, ADryRunMeasuresOneEvaluationUnlessToldNotTo) {
  const json probed = Search({"--dry-run"});
  const std::string rate = probed["rate"];
  const std::string said = "one evaluation, measured now: ";
  ASSERT_THAT(rate, HasSubstr(said));
  // There is one worker, so its evaluation is the search's.
  const double seconds = std::stod(rate.substr(said.size()));
  EXPECT_NEAR(probed["stages"][0]["seconds_each"].get<double>() / seconds, 1, 0.01);
  const json bound = Search({"--dry-run", "--no-probe"});
  EXPECT_THAT(bound["rate"].get<std::string>(), HasSubstr("a lower bound"));
  EXPECT_REFUSED(Run({"search", config_, "--no-probe"}), HasSubstr("--dry-run"));
  EXPECT_REFUSED(Run({"search", config_, "--dry-run", "--no-probe", "--rate-from", Path("run")}),
                 HasSubstr("excludes"));
  EXPECT_FALSE(std::filesystem::exists(Path("run")));
}

TEST_F(WatchingCommandLineTest, ADryRunCountsAllFeatures) {
  const std::vector<std::string> linear = {"--set", "granularity=linear", "--set",
                                           "search.warm_start=[logistic(-slope / size, 0.25, 1), "
                                           "logistic(-log(distortion / size), 0.25, 1)]"};
  std::vector<std::string> planned = {"--dry-run", "--no-probe"};
  planned.insert(planned.end(), linear.begin(), linear.end());
  const json forecast = Search(planned);
  const auto long_ones = forecast["features_that_take_long"].get<std::vector<std::string>>();
  EXPECT_THAT(long_ones, ::testing::IsSupersetOf({"slope", "distortion"}));
  const size_t features = forecast["features"].size();
  EXPECT_GE(features, 64u) << "the pool is among them";
  EXPECT_EQ(forecast["feature_measurements"], features);
  EXPECT_GT(forecast["features_seconds_at_least"].get<double>(), 0);
}

TEST_F(WatchingCommandLineTest, EventsTellTheSearch) {
  const json report = Search({"--events", Path("events")});
  const std::vector<json> events = Lines(ReadFile(Path("events")));
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.front()["event"], "run_started");
  EXPECT_EQ(events.front()["resumed"], false);
  EXPECT_EQ(events.back()["event"], "finished");
  EXPECT_EQ(events.back()["evaluations"], report["evaluations"]);
  int bred = 0;
  for (const json& event : events) bred += event["event"] == "candidate_bred";
  EXPECT_EQ(bred, report["candidates"]);

  // A search that is refused leaves the events of another as they are.
  EXPECT_EQ(Run({"search", config_, "--events", Path("events")}).exit_code, 2);
  EXPECT_EQ(Lines(ReadFile(Path("events"))), events);

  // To standard output they take the place of the result; a resumed search tells all again.
  const Outcome again = Run({"search", config_, "--resume", "--events", "-"});
  ASSERT_EQ(again.exit_code, 0) << again.error;
  const std::vector<json> told = Lines(again.out);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.front()["resumed"], true);
  EXPECT_EQ(told.back()["best"], events.back()["best"]);
  const Outcome restarted = Run({"search", config_, "--resume-or-start", "--events", "-"});
  ASSERT_EQ(restarted.exit_code, 0) << restarted.error;
  EXPECT_EQ(Lines(restarted.out).at(0)["resumed"], true);
  EXPECT_REFUSED(Run({"search", config_, "--run", Path("second"), "--events", Path("none/e")}),
                 HasSubstr("none/e"));
  EXPECT_FALSE(std::filesystem::exists(Path("second"))) << "a refused search leaves nothing behind";
}

TEST_F(WatchingCommandLineTest, StatusOfARunningAndAStoppedSearch) {
  const pid_t search = StartEndless();
  const json running = Status(Path("run"));
  EXPECT_EQ(running["state"], "running");
  EXPECT_EQ(running["process"], std::to_string(search));
  EXPECT_GE(running["evaluations"], 5);
  EXPECT_TRUE(running["best"].is_object());
  EXPECT_THAT(Shell(fmt::format("{} status {}", STRATA_PROGRAM, Path("run"))),
              AllOf(HasSubstr("running"), HasSubstr("work items at work")));
  const std::string coordinator = "unix:" + Path("run") + "/coordinator.sock";
  const json asked = Status("--coordinator " + coordinator);
  EXPECT_EQ(asked["phase"], "search");
  ASSERT_EQ(asked["workers"].size(), 1u) << asked;
  EXPECT_THAT(Shell(fmt::format("{} drain {} none 2>&1", STRATA_PROGRAM, Path("run"))),
              HasSubstr("none"));
  Shell(fmt::format("{} stop {}", STRATA_PROGRAM, Path("run")));
  EXPECT_EQ(Wait(search).exit_code, 130);

  const json stopped = Status(Path("run"));
  EXPECT_EQ(stopped["state"], "stopped");
  EXPECT_REFUSED(Run({"stop", Path("run")}), HasSubstr("expected a running search, found none"));
  EXPECT_REFUSED(Run({"stop", Path("none")}), HasSubstr("which is neither"));
  EXPECT_TRUE(stopped["process"].is_null());
  EXPECT_GE(stopped["evaluations"], running["evaluations"]);
  const std::string again = stopped["continue"];
  EXPECT_THAT(again, HasSubstr("strata search --resume " + Path("run")));
  EXPECT_THAT(Run({"status", Path("run")}).out, AllOf(HasSubstr("stopped"), HasSubstr(again)));
  EXPECT_EQ(Run({"fsck", Path("run")}).exit_code, 0);
}

TEST_F(WatchingCommandLineTest, StatusOfAKilledSearch) {
  const pid_t search = StartEndless();
  kill(search, SIGKILL);
  Wait(search);
  const json killed = Status(Path("run"));
  EXPECT_EQ(killed["state"], "killed");
  EXPECT_THAT(Run({"status", Path("run")}).out,
              AllOf(HasSubstr("killed"),
                    HasSubstr("continue with: strata search --resume " + Path("run"))));
}

TEST_F(WatchingCommandLineTest, ASearchWhoseRunIsRemovedStops) {
  const pid_t search = StartEndless();
  std::filesystem::remove(Path("run/strata.sqlite"));
  EXPECT_REFUSED(Wait(search),
                 AllOf(HasSubstr(Path("run/strata.sqlite") + ": expected the file"),
                       HasSubstr("found nothing; the file was removed"),
                       ::testing::Not(HasSubstr("nothing that was measured is lost"))));
}

TEST_F(WatchingCommandLineTest, ASearchWhoseRunIsRenamedStopsAndCanBeContinuedThere) {
  const pid_t search = StartEndless();
  std::filesystem::rename(Path("run"), Path("moved"));
  EXPECT_REFUSED(Wait(search), HasSubstr("the file was moved to " + Path("moved/strata.sqlite")));
  EXPECT_GE(StoredEvaluations(Path("moved")), 5);
  EXPECT_EQ(Run({"fsck", Path("moved")}).exit_code, 0);
}

TEST_F(WatchingCommandLineTest, StatusOfWhatIsNotThere) {
  EXPECT_REFUSED(Run({"status", Path("none")}), HasSubstr(Path("none")));
  EXPECT_REFUSED(Run({"status"}), HasSubstr("expected the folder of a run, or --coordinator"));
  EXPECT_REFUSED(Run({"status", "--coordinator", "unix:" + Path("socket")}), HasSubstr("socket"));
}

TEST_F(WatchingCommandLineTest, MetricsAndLogsAreServedAsAsked) {
  const std::string port = Shell(
      "python3 -c \"import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); "
      "print(s.getsockname()[1], end='')\"");
  ASSERT_FALSE(port.empty());
  const pid_t search = StartEndless(
      {"--set", "workers.metrics=127.0.0.1:" + port, "--set", "workers.log_format=json"});
  const std::string page =
      Shell(fmt::format("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{} && printf \"GET /metrics "
                        "HTTP/1.0\\r\\n\\r\\n\" >&3 && cat <&3'",
                        port));
  EXPECT_THAT(page, AllOf(HasSubstr("200 OK"), HasSubstr("\nstrata_evaluations_total "),
                          HasSubstr("strata_workers_connected 1")));
  kill(search, SIGINT);
  EXPECT_EQ(Wait(search).exit_code, 130);
  const std::vector<json> log = Lines(ReadFile(Path("run/coordinator.log")));
  ASSERT_FALSE(log.empty());
  for (const json& line : log) EXPECT_TRUE(line.is_object()) << line;
}

TEST_F(WatchingCommandLineTest, StorageAndServingAreCheckedBeforeAnythingIsWritten) {
  const auto with = [&](const std::string& setting) {
    return Run({"search", config_, "--set", setting});
  };
  EXPECT_REFUSED(with("storage.fsync=never"), HasSubstr("commit or checkpoint"));
  EXPECT_REFUSED(with("storage.network_file_system=maybe"), HasSubstr("refuse or allow"));
  EXPECT_REFUSED(with("workers.metrics=0.0.0.0:9100"),
                 AllOf(HasSubstr("127.0.0.1:PORT"), HasSubstr("workers.listen")));
  EXPECT_REFUSED(with("workers.log_format=xml"), HasSubstr("'workers.log_format'"));
  EXPECT_FALSE(std::filesystem::exists(Path("run")));

  const json report = Search({"--set", "storage.fsync=checkpoint"});
  EXPECT_EQ(report["evaluations"], 25);
  // A backup is a run of its own.
  const Outcome backup = Run({"backup", Path("run"), Path("copy")});
  EXPECT_EQ(backup.exit_code, 0);
  EXPECT_THAT(backup.error, HasSubstr("strata search --resume " + Path("copy")));
  EXPECT_EQ(Run({"fsck", Path("copy")}).exit_code, 0);
  EXPECT_EQ(Status(Path("copy"))["best"]["expression"], report["best"]["expression"]);
}

}  // namespace
}  // namespace strata::cli
