#include "search/store/run_schema.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search/store/run_store.h"
#include "tests/support/temporary_folder.h"

namespace strata::search {
namespace {

using ::testing::HasSubstr;

// What a search of schema 2 left.
constexpr char kSchema2[] = R"sql(
CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE outcomes (digest TEXT PRIMARY KEY, kind TEXT NOT NULL, payload BLOB NOT NULL);
CREATE TABLE candidates (
  id INTEGER PRIMARY KEY, text TEXT NOT NULL, complexity INTEGER NOT NULL,
  origin TEXT NOT NULL, name TEXT NOT NULL, parents TEXT NOT NULL, allocation BLOB NOT NULL,
  same_as INTEGER, failure TEXT NOT NULL, fitness_nll REAL, selection_nll REAL,
  report_nll REAL, achieved_sparsity REAL, on_front INTEGER NOT NULL, best_of_baseline INTEGER NOT NULL,
  forecast_nll REAL, forecast_deviation REAL, level_nll BLOB NOT NULL, stopped_early INTEGER NOT NULL,
  measures BLOB NOT NULL);
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, unix_seconds REAL NOT NULL, kind TEXT NOT NULL,
  detail TEXT NOT NULL);
INSERT INTO properties VALUES ('schema_version', '2'), ('config', 'search: {seed: 7}');
INSERT INTO outcomes VALUES ('d1', 'failed', CAST('out of memory' AS BLOB)),
  ('d2', 'evaluate', X'000000000000144066666666666EE63F00000000000000000000000000000000');
INSERT INTO candidates VALUES
  (0, 'uniform()', 1, 'baseline', 'uniform', '', X'666666666666E63F', NULL, '', 5.0, 5.5, 5.75,
   0.7, 1, 1, NULL, NULL, X'', 0, X''),
  (1, 'ramp(depth, 0.01)', 2, 'mutation', '', '0', X'9A9999999999E93F', NULL, '', 4.5, NULL, NULL,
   0.7, 1, 0, 4.4, 0.1, X'0000000000001440', 0, X'');
INSERT INTO events (unix_seconds, kind, detail) VALUES (1.5, 'begun', 'two workers');
)sql";

class RunSchemaTest : public ::testing::Test {
 protected:
  RunSchemaTest() {
    std::filesystem::create_directories(folder_);
    Database()->exec(kSchema2);
  }
  std::unique_ptr<SQLite::Database> Database() {
    return std::make_unique<SQLite::Database>(folder_ + "/strata.sqlite",
                                              SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  }
  std::string StoredVersion() {
    return Database()
        ->execAndGet("SELECT value FROM properties WHERE name = 'schema_version'")
        .getString();
  }
  void ExpectWhole(const RunStore& store) {
    EXPECT_EQ(*store.Property(kSchemaVersionProperty), "3");
    EXPECT_EQ(*store.Property(kConfigProperty), "search: {seed: 7}");
    const auto evaluated = store.FindOutcome("d2");
    ASSERT_TRUE(evaluated.ok() && *evaluated) << evaluated.status();
    EXPECT_EQ(std::get<EvaluateOutcome>(**evaluated).mean_nll, 5.0);
    EXPECT_EQ(*store.FailureReasons(), (std::map<std::string, int64_t>{{"out of memory", 1}}));
    const auto candidates = store.Candidates();
    ASSERT_TRUE(candidates.ok()) << candidates.status();
    ASSERT_EQ(candidates->size(), 2u);
    EXPECT_EQ((*candidates)[0].report_nll, 5.75);
    EXPECT_EQ((*candidates)[1].lineage.parents, std::vector<int64_t>{0});
    EXPECT_EQ((*candidates)[1].allocation, expr::Allocation{0.8});
    EXPECT_EQ((*candidates)[1].forecast->nll, 4.4);
    const auto events = store.LastEvents(5);
    ASSERT_TRUE(events.ok());
    ASSERT_EQ(events->size(), 1u);
    EXPECT_EQ((*events)[0].detail, "two workers");
  }

  TemporaryFolder temporary_;
  const std::string folder_ = temporary_ / "run";
};

TEST_F(RunSchemaTest, AnOlderRunIsBroughtUpToDateWhenItIsContinued) {
  {
    const auto store = RunStore::Open(folder_);
    ASSERT_TRUE(store.ok()) << store.status();
    ExpectWhole(**store);
  }
  EXPECT_EQ(StoredVersion(), "3");
  const auto again = RunStore::Open(folder_);
  ASSERT_TRUE(again.ok()) << again.status();
  ExpectWhole(**again);
}

TEST_F(RunSchemaTest, ReadingAnOlderRunChangesNothing) {
  const auto store = RunStore::OpenForReading(folder_);
  ASSERT_TRUE(store.ok()) << store.status();
  ExpectWhole(**store);
  EXPECT_EQ((*store)->PutProperty("a", "b").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(StoredVersion(), "2");
}

TEST_F(RunSchemaTest, MigratedAndNewTablesAreTheSame) {
  ASSERT_TRUE(RunStore::Open(folder_).ok());
  ASSERT_TRUE(RunStore::Create(temporary_ / "new").ok());
  const auto columns = [](const std::string& folder) {
    SQLite::Database database(folder + "/strata.sqlite");
    SQLite::Statement select(
        database,
        "SELECT m.type || ' ' || m.name || ' ' || coalesce(c.cid || ' ' || c.name || ' ' || "
        "c.type || ' ' || c.\"notnull\", '') FROM sqlite_schema m LEFT JOIN "
        "pragma_table_info(m.name) c ORDER BY 1");
    std::vector<std::string> found;
    while (select.executeStep()) found.push_back(select.getColumn(0).getString());
    return found;
  };
  EXPECT_EQ(columns(folder_), columns(temporary_ / "new"));
}

TEST_F(RunSchemaTest, ANewerRunIsRefusedWithWhatToDo) {
  Database()->exec("UPDATE properties SET value = '4' WHERE name = 'schema_version'");
  for (const absl::Status& status :
       {RunStore::Open(folder_).status(), RunStore::OpenForReading(folder_).status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("expected schema version 2 to 3, found 4: a newer strata made or "
                          "continued this run; read and resume it with that one"));
  }
  EXPECT_EQ(StoredVersion(), "4");
}

TEST_F(RunSchemaTest, AVersionThatIsNoNumberIsRefused) {
  for (const char* version : {"", "x", "3x", "-2", "1"}) {
    Database()->exec(
        fmt::format("UPDATE properties SET value = '{}' WHERE name = 'schema_version'", version));
    EXPECT_EQ(RunStore::Open(folder_).status().code(), absl::StatusCode::kFailedPrecondition)
        << version;
  }
}

}  // namespace
}  // namespace strata::search
