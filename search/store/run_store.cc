#include "search/store/run_store.h"

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <cctype>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "evaluator/files/file_system.h"
#include "expr/status_macros.h"
#include "search/store/network_file_system.h"
#include "search/store/run_schema.h"
#include "search/store/sqlite_run_store.h"
#include "search/store/sqlite_status.h"

namespace strata::search {
namespace {

absl::Status RequireRun(const std::string& folder) {
  std::error_code error;
  if (std::filesystem::exists(DatabasePath(folder), error)) return absl::OkStatus();
  return absl::NotFoundError(
      fmt::format("no run in {}: expected the file {}", folder, DatabasePath(folder)));
}

absl::Status RequireLocalDisk(const std::string& folder, const RunStoreOptions& options) {
  if (options.allow_network_file_system) return absl::OkStatus();
  const std::string found = options.network_file_system ? options.network_file_system(folder)
                                                        : NetworkFileSystemOf(folder);
  if (found.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format(
      "run folder {}: expected a disk of this machine, found {}: locks and shared memory of SQLite "
      "cannot be trusted there, and databases were lost. Put the run on a local disk (`strata "
      "backup` copies it elsewhere, also while it runs), or take the risk with "
      "storage.network_file_system=allow",
      folder, found));
}

// Escapes a path for SQLite's URI: every byte but letters, digits and "/-._~" becomes %XX.
std::string EscapedForUri(const std::string& path) {
  std::string escaped;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 &&
        (std::isalnum(byte) != 0 || std::string_view("/-._~").find(c) != std::string_view::npos)) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", byte);
    }
  }
  return escaped;
}

// Returns a copy in memory with the current schema.
std::unique_ptr<SqliteRunStore> CopyOf(SqliteRunStore* store, const std::string& folder,
                                       int version, bool is_writable) {
  auto copy = std::make_unique<SqliteRunStore>(folder, ":memory:", std::nullopt, is_writable,
                                               SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, "");
  SQLite::Backup(*copy->database(), *store->database()).executeStep(-1);
  MigrateSchema(version, copy->database());
  return copy;
}

absl::StatusOr<std::unique_ptr<RunStore>> OpenReadOnly(const std::string& folder,
                                                       const std::string& database, int flags,
                                                       bool as_copy) {
  try {
    auto store = std::make_unique<SqliteRunStore>(folder, database, std::nullopt, false, flags, "");
    STRATA_ASSIGN_OR_RETURN(const int version,
                            ReadSchemaVersion(*store->database(), DatabasePath(folder)));
    if (!as_copy && version == kSchemaVersion) return store;
    return CopyOf(store.get(), folder, version, as_copy);
  } catch (const SQLite::Exception& exception) {
    return DatabaseError(exception, "open", folder);
  }
}

absl::StatusOr<std::unique_ptr<RunStore>> OpenWithoutWriting(const std::string& folder,
                                                             bool as_copy) {
  const absl::Status found = RequireRun(folder);
  if (!found.ok()) return found;
  const std::string path = DatabasePath(folder);
  absl::StatusOr<std::unique_ptr<RunStore>> store =
      OpenReadOnly(folder, path, SQLite::OPEN_READONLY, as_copy);
  if (!absl::IsPermissionDenied(store.status())) return store;

  // Even for reading, write-ahead logging makes a file of shared memory in the folder. If this user
  // may not write there, the run can still be read as a file that never changes, as long as nobody
  // writes it and its log was taken into the database.
  std::error_code error;
  const auto log_bytes = std::filesystem::file_size(path + "-wal", error);
  if (error ? error != std::errc::no_such_file_or_directory : log_bytes > 0) {
    return absl::PermissionDeniedError(
        fmt::format("{}; {}-wal holds what is not in the database yet, so reading this run needs "
                    "the permission to write to its folder",
                    std::string(store.status().message()), path));
  }
  const std::string absolute = std::filesystem::absolute(path, error).string();
  if (error) return evaluator::FileStatus(error.value(), "find", path);
  return OpenReadOnly(folder, fmt::format("file://{}?immutable=1", EscapedForUri(absolute)),
                      SQLite::OPEN_READONLY | SQLite::OPEN_URI, as_copy);
}

// Makes the folder and those above it, and syncs each to disk in the folder that holds it.
absl::Status MakeFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::path existing = std::filesystem::absolute(folder, error).lexically_normal();
  while (!std::filesystem::exists(existing, error) && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  std::filesystem::create_directories(folder, error);
  if (error) return evaluator::FileStatus(error.value(), "create the run folder", folder);
  std::filesystem::path made = std::filesystem::absolute(folder, error).lexically_normal();
  for (; made != existing && made.has_relative_path(); made = made.parent_path()) {
    const absl::Status synced = evaluator::FlushPath(made.parent_path());
    if (!synced.ok()) return synced;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunStore>> RunStore::Create(const std::string& folder,
                                                           const RunStoreOptions& options) {
  absl::Status usable = RequireLocalDisk(folder, options);
  if (!usable.ok()) return usable;
  usable = MakeFolder(folder);
  if (!usable.ok()) return usable;
  STRATA_ASSIGN_OR_RETURN(RunLock lock, RunLock::Acquire(folder));
  try {
    auto store = std::make_unique<SqliteRunStore>(
        folder, DatabasePath(folder), std::move(lock), true,
        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, options.file_layer);
    const absl::Status begun = store->BeginRun(options.fsync);
    if (!begun.ok()) return begun;
    STRATA_RETURN_IF_ERROR(store->WatchFiles());
    return store;
  } catch (const SQLite::Exception& exception) {
    return DatabaseError(exception, "create", folder);
  }
}

absl::StatusOr<std::unique_ptr<RunStore>> RunStore::Open(const std::string& folder,
                                                         const RunStoreOptions& options) {
  absl::Status usable = RequireRun(folder);
  if (usable.ok()) usable = RequireLocalDisk(folder, options);
  if (!usable.ok()) return usable;
  STRATA_ASSIGN_OR_RETURN(RunLock lock, RunLock::Acquire(folder));
  try {
    auto store = std::make_unique<SqliteRunStore>(folder, DatabasePath(folder), std::move(lock),
                                                  true, SQLite::OPEN_READWRITE, options.file_layer);
    usable = store->CheckIntegrity();
    if (!usable.ok()) return usable;
    STRATA_ASSIGN_OR_RETURN(const int version,
                            ReadSchemaVersion(*store->database(), DatabasePath(folder)));
    store->ConfigureForWriting(options.fsync);
    MigrateSchema(version, store->database());
    STRATA_RETURN_IF_ERROR(store->WatchFiles());
    return store;
  } catch (const SQLite::Exception& exception) {
    return DatabaseError(exception, "open", folder);
  }
}

absl::StatusOr<std::unique_ptr<RunStore>> RunStore::OpenForReading(const std::string& folder) {
  return OpenWithoutWriting(folder, false);
}

absl::StatusOr<std::unique_ptr<RunStore>> RunStore::OpenCopy(const std::string& folder) {
  return OpenWithoutWriting(folder, true);
}

absl::Status RunStore::PutProperty(const std::string& name, const std::string& value) {
  RunChanges changes;
  changes.properties[name] = value;
  return Write(changes);
}

absl::Status RunStore::PutOutcome(const std::string& digest, const Outcome& outcome) {
  RunChanges changes;
  changes.outcomes[digest] = outcome;
  return Write(changes);
}

absl::Status RunStore::PutCandidates(const std::vector<StoredCandidate>& candidates) {
  RunChanges changes;
  changes.candidates = candidates;
  return Write(changes);
}

absl::Status RunStore::DropCandidatesAbove(int64_t last_candidate) {
  RunChanges changes;
  changes.last_candidate = last_candidate;
  return Write(changes);
}

absl::Status RunStore::AppendEvent(double unix_seconds, const std::string& kind,
                                   const std::string& detail) {
  RunChanges changes;
  changes.events.push_back({unix_seconds, kind, detail});
  return Write(changes);
}

}  // namespace strata::search
