// A coordinator process of the small search: synthetic_coordinator RUN_FOLDER ADDRESS ARCHIVE
// [DIE_AT] Writes the final archive to the file ARCHIVE. With DIE_AT, it is killed when the result
// of that ordinal has come, before it is stored if the ordinal is even, after it if odd.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "tests/workers/small_search.h"

namespace strata::workers {
namespace {

class MortalSession : public search::Session {
 public:
  MortalSession(search::Session* session, int64_t die_at) : session_(session), die_at_(die_at) {}

  absl::StatusOr<search::SessionAction> Next() override { return session_->Next(); }
  absl::Status Complete(const search::SessionItem& item, const search::Outcome& outcome) override {
    const int64_t ordinal = completed_++;
    if (ordinal == die_at_ && die_at_ % 2 == 0) kill(getpid(), SIGKILL);
    absl::Status status = session_->Complete(item, outcome);
    if (ordinal == die_at_) kill(getpid(), SIGKILL);
    return status;
  }
  // Stores every outcome at once, so that the death comes before or after it is stored.
  absl::Status Record(const search::SessionItem& item, const search::Outcome& outcome) override {
    return Complete(item, outcome);
  }
  absl::Status Commit() override { return session_->Commit(); }
  const search::Engine& engine() const override { return session_->engine(); }
  double seconds_spent() const override { return session_->seconds_spent(); }
  bool search_stopped() const override { return session_->search_stopped(); }

 private:
  search::Session* const session_;
  const int64_t die_at_;
  int64_t completed_ = 0;
};

absl::Status RunSmallSearch(const std::string& folder, const std::string& address,
                            const std::string& archive, int64_t die_at) {
  absl::StatusOr<SmallSearch> small = OpenSmallSearch(folder);
  if (!small.ok()) return small.status();
  MortalSession session(small->session.get(), die_at);
  auto coordinator = Coordinator::Start(SmallCoordinatorOptions(address), &session);
  if (!coordinator.ok()) return coordinator.status();
  const absl::Status status = (*coordinator)->Run(nullptr);
  if (status.ok()) std::ofstream(archive) << DescribeArchive(session.engine());
  return status;
}

}  // namespace
}  // namespace strata::workers

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) return 2;
  const absl::Status status = strata::workers::RunSmallSearch(argv[1], argv[2], argv[3],
                                                              argc == 5 ? std::stoll(argv[4]) : -1);
  if (!status.ok()) fmt::print(stderr, "{}\n", std::string(status.message()));
  return status.ok() ? 0 : 1;
}
