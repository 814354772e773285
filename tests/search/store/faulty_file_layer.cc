#include "tests/search/store/faulty_file_layer.h"

#include <sqlite3.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace strata::search {
namespace {

using Fault = FaultyFileLayer::Fault;

struct State {
  Fault fault = Fault::kNone;
  int64_t at = 0;
  int64_t operations = 0;
  // The content of each file written to as its last sync left it, and the writes since.
  struct File {
    std::string synced;
    std::vector<std::pair<sqlite3_int64, std::string>> unsynced;
  };
  std::map<std::string, File> files;
};

State& state() {
  static State instance;
  return instance;
}

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// A file of this layer: the methods first, as SQLite demands; the system's file lies behind it.
struct FaultyFile {
  sqlite3_file base;
  const char* path;
  sqlite3_file* real;
};

sqlite3_file* Real(sqlite3_file* file) { return reinterpret_cast<FaultyFile*>(file)->real; }
std::string PathOf(sqlite3_file* file) {
  const char* path = reinterpret_cast<FaultyFile*>(file)->path;
  return path == nullptr ? "" : path;
}

// Counts an operation; whether it goes wrong.
bool Strikes() { return state().operations++ >= state().at && state().fault != Fault::kNone; }
bool IsFirst() { return state().operations == state().at + 1; }

State::File& Known(sqlite3_file* file) {
  const auto [found, is_new] = state().files.try_emplace(PathOf(file));
  if (is_new) found->second.synced = Content(PathOf(file));
  return found->second;
}

int Write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  State::File& known = Known(file);
  if (Strikes()) {
    if (state().fault == Fault::kDiskFull) return SQLITE_FULL;
    if (state().fault != Fault::kIoError && IsFirst()) {
      known.unsynced.emplace_back(offset, std::string(static_cast<const char*>(bytes), count / 2));
      Real(file)->pMethods->xWrite(Real(file), bytes, count / 2, offset);
    }
    return SQLITE_IOERR_WRITE;
  }
  known.unsynced.emplace_back(offset, std::string(static_cast<const char*>(bytes), count));
  return Real(file)->pMethods->xWrite(Real(file), bytes, count, offset);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  Known(file);
  if (Strikes() && state().fault != Fault::kDiskFull) return SQLITE_IOERR_TRUNCATE;
  return Real(file)->pMethods->xTruncate(Real(file), size);
}

int Sync(sqlite3_file* file, int) {
  State::File& known = Known(file);
  if (Strikes() && state().fault != Fault::kDiskFull) return SQLITE_IOERR_FSYNC;
  known.synced = Content(PathOf(file));
  known.unsynced.clear();
  return SQLITE_OK;
}

int Close(sqlite3_file* file) { return Real(file)->pMethods->xClose(Real(file)); }
int Read(sqlite3_file* file, void* bytes, int count, sqlite3_int64 offset) {
  return Real(file)->pMethods->xRead(Real(file), bytes, count, offset);
}
int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return Real(file)->pMethods->xFileSize(Real(file), size);
}
int Lock(sqlite3_file* file, int kind) { return Real(file)->pMethods->xLock(Real(file), kind); }
int Unlock(sqlite3_file* file, int kind) { return Real(file)->pMethods->xUnlock(Real(file), kind); }
int CheckReservedLock(sqlite3_file* file, int* result) {
  return Real(file)->pMethods->xCheckReservedLock(Real(file), result);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return Real(file)->pMethods->xFileControl(Real(file), operation, argument);
}
int SectorSize(sqlite3_file* file) { return Real(file)->pMethods->xSectorSize(Real(file)); }
int Characteristics(sqlite3_file* file) {
  return Real(file)->pMethods->xDeviceCharacteristics(Real(file));
}
int ShmMap(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
  return Real(file)->pMethods->xShmMap(Real(file), page, size, extend, memory);
}
int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
  return Real(file)->pMethods->xShmLock(Real(file), offset, count, flags);
}
void ShmBarrier(sqlite3_file* file) { Real(file)->pMethods->xShmBarrier(Real(file)); }
int ShmUnmap(sqlite3_file* file, int remove) {
  return Real(file)->pMethods->xShmUnmap(Real(file), remove);
}

const sqlite3_io_methods kMethods = {2,
                                     Close,
                                     Read,
                                     Write,
                                     Truncate,
                                     Sync,
                                     FileSize,
                                     Lock,
                                     Unlock,
                                     CheckReservedLock,
                                     FileControl,
                                     SectorSize,
                                     Characteristics,
                                     ShmMap,
                                     ShmLock,
                                     ShmBarrier,
                                     ShmUnmap,
                                     nullptr,
                                     nullptr};

sqlite3_vfs* System() { return sqlite3_vfs_find(nullptr); }

int Open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  auto* faulty = reinterpret_cast<FaultyFile*>(file);
  faulty->path = path;
  faulty->real = reinterpret_cast<sqlite3_file*>(faulty + 1);
  const int result = System()->xOpen(System(), path, faulty->real, flags, out_flags);
  faulty->base.pMethods = result == SQLITE_OK ? &kMethods : nullptr;
  return result;
}

int Delete(sqlite3_vfs*, const char* path, int) {
  if (Strikes() && state().fault != Fault::kDiskFull) return SQLITE_IOERR_DELETE;
  state().files.erase(path);
  return System()->xDelete(System(), path, 0);
}

sqlite3_vfs* Registered() {
  static sqlite3_vfs layer = [] {
    sqlite3_vfs made = *System();
    made.szOsFile = static_cast<int>(sizeof(FaultyFile)) + System()->szOsFile;
    made.zName = "strata-faulty";
    made.xOpen = Open;
    made.xDelete = Delete;
    made.pNext = nullptr;
    return made;
  }();
  static const int registered = sqlite3_vfs_register(&layer, 0);
  return registered == SQLITE_OK ? &layer : nullptr;
}

}  // namespace

const char* FaultyFileLayer::name() { return Registered()->zName; }

void FaultyFileLayer::Plan(Fault fault, int64_t at) {
  state() = State();
  state().fault = fault;
  state().at = at;
}

int64_t FaultyFileLayer::operations() { return state().operations; }

bool FaultyFileLayer::struck() {
  return state().fault != Fault::kNone && state().operations > state().at;
}

void FaultyFileLayer::Settle() {
  const Fault fault = state().fault;
  if (fault == Fault::kPowerLoss || fault == Fault::kPowerLossB) {
    for (auto& [path, file] : state().files) {
      std::string content = file.synced;
      for (size_t i = 0; fault == Fault::kPowerLossB && i < file.unsynced.size(); i += 2) {
        const auto& [offset, bytes] = file.unsynced[i];
        const size_t at = static_cast<size_t>(offset);
        if (content.size() < at + bytes.size()) content.resize(at + bytes.size(), '\0');
        content.replace(at, bytes.size(), bytes);
      }
      std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
      std::error_code ignored;
      std::filesystem::remove(path + "-shm", ignored);
    }
  }
  Plan(Fault::kNone, 0);
}

}  // namespace strata::search
