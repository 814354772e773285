// Candidates between breeding and their report to the strategy, with what the engine needs of them
// until then.
#ifndef STRATA_SEARCH_ENGINE_FLIGHTS_H_
#define STRATA_SEARCH_ENGINE_FLIGHTS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "expr/expression.h"

namespace strata::search {

// A candidate that was not reported to the strategy yet.
struct Flight {
  expr::Expression expression;
  std::vector<std::string> required;  // features
  std::vector<double> limits;         // of the ladder
  bool settled = false;
};

// Returns those of `features` that are measured in a pruned model.
std::vector<std::string> PrunedOf(std::vector<std::string> features);

// Flights have the ids of their candidates, which are numbered without gaps. They begin and end in
// that order. Not thread-safe.
class Flights {
 public:
  // Begins the flight of the next candidate.
  void Begin(Flight flight) { flights_.push_back(std::move(flight)); }
  // Ends the flight of the first candidate, which is reported to the strategy.
  void EndFirst();
  // Drops the flights of candidates from `kept` on.
  void Truncate(int64_t kept);

  // Id of the first candidate in flight. Candidates below are known to the strategy.
  int64_t first_id() const { return first_id_; }
  const Flight& first() const { return flights_.front(); }
  const Flight& latest() const { return flights_.back(); }
  const std::deque<Flight>& all() const { return flights_; }

  // `id` is that of a candidate in flight.
  const Flight& operator[](int64_t id) const { return flights_[Index(id)]; }
  void Settle(int64_t id) { flights_[Index(id)].settled = true; }
  bool IsSettled(int64_t id) const { return id < first_id_ || flights_[Index(id)].settled; }

  // Returns the id of the first candidate in flight that needs something measured in a pruned
  // model; nullopt if none does.
  std::optional<int64_t> FirstWithPruned() const;

 private:
  size_t Index(int64_t id) const { return static_cast<size_t>(id - first_id_); }

  std::deque<Flight> flights_;
  int64_t first_id_ = 0;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_FLIGHTS_H_
