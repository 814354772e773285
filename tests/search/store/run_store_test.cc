#include "search/store/run_store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>

#include "tests/support/temporary_folder.h"

namespace strata::search {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

StoredCandidate Sample(int64_t id) {
  StoredCandidate candidate;
  candidate.id = id;
  candidate.text = "span(-var(abslog(WX)), 0.15)";
  candidate.complexity = 5;
  candidate.lineage = {"crossover", "", {3, 14}};
  candidate.allocation = {0.1, 1.0 / 3.0, 0.99};
  candidate.fitness_nll = 4.25 + 1e-15;
  candidate.on_front = true;
  return candidate;
}

void ExpectEqual(const StoredCandidate& a, const StoredCandidate& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.text, b.text);
  EXPECT_EQ(a.complexity, b.complexity);
  EXPECT_EQ(a.lineage.origin, b.lineage.origin);
  EXPECT_EQ(a.lineage.name, b.lineage.name);
  EXPECT_EQ(a.lineage.parents, b.lineage.parents);
  EXPECT_EQ(a.allocation, b.allocation);
  EXPECT_EQ(a.same_as, b.same_as);
  EXPECT_EQ(a.failure, b.failure);
  ASSERT_EQ(a.forecast.has_value(), b.forecast.has_value());
  if (a.forecast) {
    EXPECT_EQ(a.forecast->nll, b.forecast->nll);
    EXPECT_EQ(a.forecast->deviation, b.forecast->deviation);
  }
  EXPECT_EQ(a.rung_nll, b.rung_nll);
  EXPECT_EQ(a.stopped_early, b.stopped_early);
  EXPECT_EQ(a.measures, b.measures);
  EXPECT_EQ(a.fitness_nll, b.fitness_nll);
  EXPECT_EQ(a.selection_nll, b.selection_nll);
  EXPECT_EQ(a.report_nll, b.report_nll);
  EXPECT_EQ(a.achieved_sparsity, b.achieved_sparsity);
  EXPECT_EQ(a.on_front, b.on_front);
  EXPECT_EQ(a.best_of_baseline, b.best_of_baseline);
}

class RunStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<RunStore> MustCreate() {
    auto store = RunStore::Create(folder_, quick_);
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }
  std::unique_ptr<RunStore> MustOpen() {
    auto store = RunStore::Open(folder_, quick_);
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }
  std::unique_ptr<RunStore> MustRead() {
    auto store = RunStore::OpenForReading(folder_);
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }

  // What a power loss leaves is not tested here.
  const RunStoreOptions quick_ = {.fsync = Fsync::kCheckpoint};
  TemporaryFolder temporary_;
  const std::string folder_ = temporary_ / "runs/first";  // parents do not exist yet
};

TEST_F(RunStoreTest, KeepsEverythingAcrossOpening) {
  const double hard = std::bit_cast<double>(uint64_t{0xfff8000000001234});  // a NaN with a payload
  {
    const auto store = MustCreate();
    ASSERT_TRUE(store->PutProperty("config", "a: 1\n").ok());
    ASSERT_TRUE(store->PutProperty("config", "a: 2\n").ok());
    ASSERT_TRUE(store->PutOutcome("d1", ProfileOutcome{{{1, hard}, {-0.0, 3}}}).ok());
    ASSERT_TRUE(store->PutOutcome("d2", EvaluateOutcome{5.5, 0.7}).ok());
    ASSERT_TRUE(store->PutOutcome("d3", FailedOutcome{"crashed"}).ok());
    ASSERT_TRUE(store->PutOutcome("d2", EvaluateOutcome{6.5, 0.7}).ok());
    ASSERT_TRUE(store->AppendEvent(1234.5, "start", "two workers").ok());
  }
  const auto store = MustOpen();
  EXPECT_EQ(*store->Property("config"), "a: 2\n");
  EXPECT_EQ(*store->Property("absent"), std::nullopt);
  EXPECT_EQ(*store->Property("schema_version"), "3");
  const auto profile = store->FindOutcome("d1");
  ASSERT_TRUE(profile.ok() && *profile);
  const auto& values = std::get<ProfileOutcome>(**profile).values;
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(std::bit_cast<uint64_t>(values[0][1]), std::bit_cast<uint64_t>(hard));
  EXPECT_EQ(std::bit_cast<uint64_t>(values[1][0]), std::bit_cast<uint64_t>(-0.0));
  EXPECT_EQ(std::get<EvaluateOutcome>(**store->FindOutcome("d2")).mean_nll, 5.5) << "first kept";
  EXPECT_EQ(std::get<FailedOutcome>(**store->FindOutcome("d3")).reason, "crashed");
  EXPECT_FALSE(store->FindOutcome("d4")->has_value());
}

TEST_F(RunStoreTest, CandidatesAreReplacedById) {
  const auto store = MustCreate();
  StoredCandidate second = Sample(1);
  second.lineage = {"baseline", "owl M=5 lambda=0.08", {}};
  second.same_as = 0;
  second.failure = "a reason with 'quotes'; DROP TABLE candidates; --";
  second.fitness_nll.reset();
  second.report_nll = std::numeric_limits<double>::infinity();
  second.achieved_sparsity = 0.7;
  second.on_front = false;
  second.best_of_baseline = true;
  second.allocation = {};
  second.forecast = {4.5, 0.125};
  second.rung_nll = {5.5, 1.0 / 3.0};
  second.stopped_early = true;
  second.measures = {0.25};
  ASSERT_TRUE(store->PutCandidates({second, Sample(0)}).ok());
  StoredCandidate changed = Sample(0);
  changed.selection_nll = 4.375;
  changed.report_nll = 4.5;
  changed.on_front = false;
  ASSERT_TRUE(store->PutCandidates({changed, Sample(2)}).ok());
  auto read = store->Candidates();
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 3u);
  ExpectEqual((*read)[0], changed);
  ExpectEqual((*read)[1], second);
  ExpectEqual((*read)[2], Sample(2));

  ASSERT_TRUE(store->DropCandidatesAbove(0).ok());
  read = store->Candidates();
  ASSERT_EQ(read->size(), 1u);
  ExpectEqual((*read)[0], changed);
}

TEST_F(RunStoreTest, NothingIsWrittenOfABatchWithANaN) {
  const auto store = MustCreate();
  StoredCandidate broken = Sample(1);
  broken.fitness_nll = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(store->PutCandidates({Sample(0), broken}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(store->Candidates()->empty());
}

TEST_F(RunStoreTest, TextsAreBoundNotPasted) {
  const auto store = MustCreate();
  const std::string hostile("x'); DELETE FROM properties; --\0\xff", 34);
  ASSERT_TRUE(store->PutProperty(hostile, hostile).ok());
  EXPECT_EQ(*store->Property(hostile), hostile);
  EXPECT_EQ(*store->Property("schema_version"), "3");
}

TEST_F(RunStoreTest, SaysWhatIsThereOrNot) {
  EXPECT_EQ(RunStore::Open(folder_).status().code(), absl::StatusCode::kNotFound);
  const absl::Status absent = RunStore::OpenForReading(folder_).status();
  EXPECT_EQ(absent.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(absent.message()), HasSubstr(folder_ + "/strata.sqlite"));
  ASSERT_TRUE(MustCreate()->PutProperty(kConfigProperty, "seed: 1").ok());
  const absl::Status again = RunStore::Create(folder_).status();
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(again.message()), HasSubstr(folder_));
}

TEST_F(RunStoreTest, AFileInTheWayIsNamed) {
  std::ofstream(temporary_ / "runs") << "not a folder";
  const absl::Status status = RunStore::Create(folder_).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr(folder_));
}

TEST_F(RunStoreTest, AKilledCreationLeavesNoRun) {
  MustCreate();
  std::ofstream(folder_ + "/strata.sqlite", std::ios::trunc).close();
  EXPECT_EQ(RunStore::Open(folder_).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(RunStore::OpenForReading(folder_).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(RunStore::Create(folder_).ok());
}

TEST_F(RunStoreTest, ARunWithoutConfigurationWasNeverStarted) {
  {
    const auto store = MustCreate();
    ASSERT_TRUE(store->PutProperty("engine_options", "of another search").ok());
    ASSERT_TRUE(store->PutOutcome("d1", FailedOutcome{"old"}).ok());
    ASSERT_TRUE(store->PutCandidates({Sample(0)}).ok());
  }
  const auto store = MustCreate();
  EXPECT_EQ(*store->Property("schema_version"), "3");
  EXPECT_EQ(*store->Property("engine_options"), std::nullopt);
  EXPECT_FALSE(store->FindOutcome("d1")->has_value());
  EXPECT_TRUE(store->Candidates()->empty());
}

TEST_F(RunStoreTest, AnotherSchemaIsNotMadeNew) {
  ASSERT_TRUE(MustCreate()->PutProperty("schema_version", "1").ok());
  EXPECT_EQ(RunStore::Create(folder_).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(RunStoreTest, AMissingColumnIsDataLoss) {
  MustCreate();
  SQLite::Database(folder_ + "/strata.sqlite", SQLite::OPEN_READWRITE)
      .exec("ALTER TABLE candidates DROP COLUMN failure");
  const absl::Status status = MustRead()->Candidates().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("failure"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(folder_));
}

// The status of OpenForReading and, if it is OK, the number of candidates, in a child process that
// may read but not write: as another user where this one is root.
int ReadWithoutWriting(const std::string& folder) {
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 &&
        (setgroups(0, nullptr) != 0 || setgid(65534) != 0 || setuid(65534) != 0)) {
      _exit(100);
    }
    const auto store = RunStore::OpenForReading(folder);
    if (!store.ok()) _exit(200 + static_cast<int>(store.status().code()));
    const auto candidates = (*store)->Candidates();
    _exit(candidates.ok() ? static_cast<int>(candidates->size()) : 101);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return 102;
  return WEXITSTATUS(status);
}

TEST_F(RunStoreTest, AFinishedRunIsReadWithoutThePermissionToWrite) {
  using std::filesystem::perms;
  // Characters that mean something in a URI.
  const std::string folder = temporary_ / "50% of ?a=b#c &d+\xc3\xa9";
  {
    const auto store = RunStore::Create(folder);
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->PutCandidates({Sample(0), Sample(1)}).ok());
  }
  ASSERT_FALSE(std::filesystem::exists(folder + "/strata.sqlite-wal"));
  const auto set = [&](perms permissions) { std::filesystem::permissions(folder, permissions); };
  const perms reading = perms::owner_read | perms::owner_exec | perms::group_read |
                        perms::group_exec | perms::others_read | perms::others_exec;
  // Another user reads it, who must get there.
  std::filesystem::permissions(temporary_.path(), reading | perms::owner_write);
  set(reading);
  EXPECT_EQ(ReadWithoutWriting(folder), 2);
  EXPECT_FALSE(std::filesystem::exists(folder + "/strata.sqlite-wal"));

  // A log that is not in the database yet is never left out.
  set(reading | perms::owner_write);
  std::ofstream(folder + "/strata.sqlite-wal") << "not empty";
  set(reading);
  EXPECT_EQ(ReadWithoutWriting(folder),
            200 + static_cast<int>(absl::StatusCode::kPermissionDenied));
  set(reading | perms::owner_write);
}

TEST_F(RunStoreTest, OneWriterManyReaders) {
  const auto writer = MustCreate();
  const absl::Status second = RunStore::Open(folder_).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.message()), HasSubstr(fmt::format("process {}", getpid())));
  EXPECT_EQ(RunStore::Create(folder_).status().code(), absl::StatusCode::kFailedPrecondition);

  const auto reader = MustRead(), other = MustRead();
  for (int64_t id = 0; id < 200; ++id) {
    ASSERT_TRUE(writer->PutCandidates({Sample(id)}).ok());
    ASSERT_TRUE(writer->PutProperty("seconds_spent", fmt::format("{}", id)).ok());
    EXPECT_EQ(reader->Candidates()->size(), static_cast<size_t>(id + 1));
    EXPECT_EQ(*other->Property("seconds_spent"), fmt::format("{}", id));
  }
  for (const absl::Status& status :
       {reader->PutProperty("a", "b"), reader->PutOutcome("a", FailedOutcome{}),
        reader->PutCandidates({}), reader->AppendEvent(0, "a", "b"),
        reader->DropCandidatesAbove(0)}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  }
}

TEST_F(RunStoreTest, AReaderSeesAWriterThatWasKilled) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto store = RunStore::Create(folder_);
    const bool ok = store.ok() && (*store)->PutCandidates({Sample(0), Sample(1)}).ok();
    _exit(ok ? 0 : 1);  // the write-ahead log stays as it is
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(MustRead()->Candidates()->size(), 2u);
  EXPECT_EQ(MustOpen()->Candidates()->size(), 2u);
}

TEST_F(RunStoreTest, OtherSchemaVersionsAreRefused) {
  ASSERT_TRUE(MustCreate()->PutProperty("schema_version", "1").ok());
  const absl::Status status = RunStore::OpenForReading(folder_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("expected schema version 2 to 3, found 1"));
}

TEST_F(RunStoreTest, ADamagedDatabaseIsDataLoss) {
  {
    const auto store = MustCreate();
    std::vector<StoredCandidate> many;
    for (int64_t id = 0; id < 500; ++id) many.push_back(Sample(id));
    ASSERT_TRUE(store->PutCandidates(many).ok());
  }
  const std::string path = folder_ + "/strata.sqlite";
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path));
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  // Every page but the first, which holds the schema.
  for (std::streamoff at = 4096; at < size; at += 4096) {
    file.seekp(at);
    file << std::string(512, '\xa5');
  }
  file.close();
  const absl::Status status = RunStore::Open(folder_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(folder_));

  std::ofstream(path, std::ios::trunc) << std::string(8192, 'x');
  EXPECT_EQ(RunStore::Open(folder_).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(RunStore::OpenForReading(folder_).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(RunStoreTest, ANetworkFileSystemIsRefusedUnlessTold) {
  RunStoreOptions options = {.network_file_system = [](const std::string&) { return "NFS"; }};
  const absl::Status refused = RunStore::Create(folder_, options).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("found NFS"));
  EXPECT_FALSE(std::filesystem::exists(folder_)) << "nothing is left behind";
  options.allow_network_file_system = true;
  EXPECT_TRUE(RunStore::Create(folder_, options).ok());
  options.allow_network_file_system = false;
  EXPECT_EQ(RunStore::Open(folder_, options).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(RunStore::OpenForReading(folder_).ok());
}

TEST_F(RunStoreTest, ABackupIsTheRunAsItIsWhileItIsWritten) {
  const auto store = MustCreate();
  ASSERT_TRUE(store->PutProperty(kConfigProperty, "a: 1").ok());
  ASSERT_TRUE(store->PutCandidates({Sample(0), Sample(1)}).ok());
  const std::string copy = temporary_ / "copy";
  std::filesystem::create_directories(copy);
  // By another connection, as a command does.
  ASSERT_TRUE(MustRead()->BackUp(copy + "/strata.sqlite").ok());
  ASSERT_TRUE(store->PutCandidates({Sample(2)}).ok());
  EXPECT_FALSE(std::filesystem::exists(copy + "/strata.sqlite.partial"));
  const auto read = RunStore::OpenForReading(copy);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ((*read)->Candidates()->size(), 2u);
  EXPECT_EQ(*(*read)->Property(kConfigProperty), "a: 1");
  EXPECT_TRUE((*read)->IntegrityProblems()->empty());
  EXPECT_EQ(store->BackUp(copy + "/strata.sqlite").code(), absl::StatusCode::kAlreadyExists);
  const absl::Status nowhere = store->BackUp(temporary_ / "absent/strata.sqlite");
  EXPECT_FALSE(nowhere.ok());
  EXPECT_TRUE(RunStore::Open(copy).ok());
}

TEST_F(RunStoreTest, ACopyInMemoryLeavesTheRunAlone) {
  ASSERT_TRUE(MustCreate()->PutCandidates({Sample(0)}).ok());
  const auto copy = RunStore::OpenCopy(folder_);
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_TRUE((*copy)->PutCandidates({Sample(1)}).ok());
  EXPECT_EQ((*copy)->Candidates()->size(), 2u);
  EXPECT_EQ(MustRead()->Candidates()->size(), 1u);
}

TEST_F(RunStoreTest, ChangesAreAllOrNothing) {
  const auto store = MustCreate();
  RunChanges changes;
  changes.properties["a"] = "1";
  changes.outcomes["d"] = FailedOutcome{"x"};
  changes.events.push_back({2.5, "best", "3"});
  changes.candidates = {Sample(0), Sample(1)};
  changes.candidates[1].fitness_nll = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(store->Write(changes).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(*store->Property("a"), std::nullopt);
  EXPECT_FALSE(store->FindOutcome("d")->has_value());
  changes.candidates.pop_back();
  changes.last_candidate = 5;
  EXPECT_TRUE(store->Write(changes).ok());
  EXPECT_EQ(*store->Property("a"), "1");
  EXPECT_EQ(store->LastEvents(3)->size(), 1u);
  EXPECT_EQ(store->Candidates()->size(), 1u);
  EXPECT_EQ(*store->FailureReasons(), (std::map<std::string, int64_t>{{"x", 1}}));
  EXPECT_EQ(*store->CheckOutcomes(), (std::map<std::string, std::string>{{"d", ""}}));
}

// In a child process whose files may not grow beyond `bytes`, as on a full disk: returns its exit
// code.
template <typename Work>
int WithFileSizeLimit(rlim_t bytes, const Work& work) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, bytes};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(100);
    _exit(work());
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return 101;
  return WEXITSTATUS(status);
}

TEST_F(RunStoreTest, AFullDiskIsResourceExhaustedAndLosesNothing) {
  const int code = WithFileSizeLimit(200000, [&] {
    auto store = RunStore::Create(folder_);
    if (!store.ok()) return 1;
    for (int id = 0; id < 1000; ++id) {
      const absl::Status put = (*store)->PutOutcome(fmt::format("{}", id),
                                                    ProfileOutcome{{std::vector<double>(100, id)}});
      if (put.ok()) continue;
      if (put.code() != absl::StatusCode::kResourceExhausted) return 2;
      if (put.message().find(folder_) == std::string::npos) return 3;
      // What was stored can still be read, and the failed write left nothing behind.
      if (!(*store)->FindOutcome(fmt::format("{}", id - 1))->has_value()) return 4;
      if ((*store)->FindOutcome(fmt::format("{}", id))->has_value()) return 5;
      std::ofstream(temporary_ / "count") << id;
      return 0;
    }
    return 6;
  });
  ASSERT_EQ(code, 0);
  int stored = 0;
  std::ifstream(temporary_ / "count") >> stored;
  ASSERT_GT(stored, 10);
  const auto store = MustOpen();
  for (int id = 0; id < stored; ++id) {
    const auto outcome = store->FindOutcome(fmt::format("{}", id));
    ASSERT_TRUE(outcome.ok() && *outcome) << id;
    EXPECT_EQ(std::get<ProfileOutcome>(**outcome).values[0][99], id);
  }
  EXPECT_FALSE(store->FindOutcome(fmt::format("{}", stored))->has_value());
  EXPECT_TRUE(store->PutOutcome(fmt::format("{}", stored), FailedOutcome{}).ok());
}

TEST_F(RunStoreTest, ADiskFullFromTheBeginningIsResourceExhausted) {
  for (const rlim_t bytes : {0, 2, 100, 5000, 20000}) {
    const int code = WithFileSizeLimit(bytes, [&] {
      const absl::Status status = RunStore::Create(folder_).status();
      return static_cast<int>(status.code());
    });
    EXPECT_EQ(code, static_cast<int>(absl::StatusCode::kResourceExhausted)) << bytes << " bytes";
  }
  EXPECT_TRUE(RunStore::Create(folder_).ok());
}

TEST_F(RunStoreTest, ARemovedDatabaseIsNoticedAtTheNextWrite) {
  for (const char* file : {"strata.sqlite", "strata.sqlite-wal", "strata.sqlite-shm"}) {
    std::filesystem::remove_all(folder_);
    const auto store = MustCreate();
    ASSERT_TRUE(store->PutProperty("config", "a: 1").ok());
    std::filesystem::remove(folder_ + "/" + file);
    const absl::Status status = store->PutProperty("name", "value");
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << file;
    EXPECT_THAT(
        std::string(status.message()),
        AllOf(HasSubstr("the run in " + folder_), HasSubstr(std::string(file) + ": expected"),
              HasSubstr("found nothing; the file was removed")));
  }
}

TEST_F(RunStoreTest, ARemovedRunFolderIsNoticedAfterAResumeToo) {
  {
    const auto store = MustCreate();
    ASSERT_TRUE(store->PutProperty("config", "a: 1").ok());
  }
  const auto store = MustOpen();
  EXPECT_TRUE(store->PutProperty("name", "value").ok());
  std::filesystem::remove_all(folder_);
  EXPECT_EQ(store->PutProperty("name", "another").code(), absl::StatusCode::kDataLoss);
}

TEST_F(RunStoreTest, ARenamedRunFolderIsNamedAndKeepsEverything) {
  const std::string moved = temporary_ / "moved";
  {
    const auto store = MustCreate();
    ASSERT_TRUE(store->PutProperty("config", "a: 1").ok());
    std::filesystem::rename(folder_, moved);
    const absl::Status status = store->PutProperty("name", "value");
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(folder_ + "/strata.sqlite"), HasSubstr("found nothing"),
                      HasSubstr("moved to " + moved + "/strata.sqlite")));
  }
  const auto kept = RunStore::OpenForReading(moved);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(*(*kept)->Property("name"), "value");
}

TEST_F(RunStoreTest, AnotherRunInTheFolderIsNoticedAndLeftAlone) {
  const std::string moved = temporary_ / "moved";
  const auto store = MustCreate();
  ASSERT_TRUE(store->PutProperty("config", "a: 1").ok());
  std::filesystem::rename(folder_, moved);
  {
    const auto other = MustCreate();
    ASSERT_TRUE(other->PutProperty("config", "b: 2").ok());
    const absl::Status status = store->PutProperty("name", "value");
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr("found another file"), HasSubstr("moved to " + moved)));
    EXPECT_TRUE(other->PutProperty("c", "3").ok());
  }
  const auto other = MustRead();
  EXPECT_EQ(*other->Property("config"), "b: 2");
  EXPECT_EQ(*other->Property("name"), std::nullopt);
}

}  // namespace
}  // namespace strata::search
