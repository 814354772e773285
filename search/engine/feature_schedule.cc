#include "search/engine/feature_schedule.h"

#include <algorithm>
#include <map>
#include <utility>

namespace strata::search {

std::vector<ScheduledFeatures> ScheduleFeatures(
    const std::vector<std::vector<std::string>>& of_seeds, const std::vector<std::string>& pool,
    int64_t maximum_evaluations, CandidateResolver* resolver) {
  const auto begins_early = [&](int64_t user) {
    return maximum_evaluations > 0 && user >= maximum_evaluations ? user : user / 2;
  };
  const auto seeds = static_cast<int64_t>(of_seeds.size());
  std::map<std::string, int64_t> first_user;
  std::vector<std::string> features;
  for (int64_t seed = 0; seed < seeds; ++seed) {
    for (const std::string& feature : of_seeds[static_cast<size_t>(seed)]) {
      if (first_user.try_emplace(feature, seed).second) features.push_back(feature);
    }
  }
  std::vector<ScheduledFeatures> scheduled;
  for (ProfileWork& work : resolver->Ask(features)) {
    int64_t user = seeds;
    for (const std::string& feature : work.features) user = std::min(user, first_user[feature]);
    const bool takes_long = CandidateResolver::TakesLong(work.features.front());
    scheduled.push_back({takes_long ? begins_early(user) : user, std::move(work)});
  }
  std::vector<ProfileWork> of_pool = resolver->Ask(pool);
  const int64_t begin = begins_early(seeds);
  const auto count = static_cast<int64_t>(of_pool.size());
  for (int64_t i = 0; i < count; ++i) {
    scheduled.push_back(
        {begin + (seeds - begin) * i / count, std::move(of_pool[static_cast<size_t>(i)])});
  }
  return scheduled;
}

}  // namespace strata::search
