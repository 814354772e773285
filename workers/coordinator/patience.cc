#include "workers/coordinator/patience.h"

#include <fmt/format.h>

namespace strata::workers {

absl::Status Patience::Check(double now, bool has_workers, const SubjectDigests* unheld) {
  if (!has_workers || unheld == nullptr) {
    unheld_since_.reset();
  } else if (!unheld_since_) {
    unheld_since_ = now;
  } else if (now - *unheld_since_ >= seconds_) {
    return absl::UnavailableError(
        fmt::format("work is waiting and for {} s no connected worker has had the model {} and the "
                    "text {}",
                    seconds_, unheld->model, unheld->text));
  }
  if (has_workers || now - lonely_since_ < seconds_) return absl::OkStatus();
  return absl::UnavailableError(fmt::format(
      "work is waiting and no worker has been connected to {} for {} s{}", address_, seconds_,
      last_refusal_.empty() ? "" : fmt::format("; the last one was refused: {}", last_refusal_)));
}

}  // namespace strata::workers
