#include "evaluator/tasks/packed_requests.h"

#include <algorithm>

namespace strata::tasks {
namespace {

// Returns the tokens that the model reads: all but the last, which is only predicted.
std::span<const int32_t> Read(const LikelihoodRequest& request) {
  return std::span(request.tokens).first(request.tokens.size() - 1);
}

size_t CommonPrefix(std::span<const int32_t> one, std::span<const int32_t> other) {
  return static_cast<size_t>(
      std::mismatch(one.begin(), one.end(), other.begin(), other.end()).first - one.begin());
}

// The first requests, which share a prefix that is long enough.
struct Family {
  size_t count = 1;
  size_t prefix = 0;
};

Family FirstFamily(std::span<const LikelihoodRequest> requests) {
  Family family{1, Read(requests.front()).size()};
  size_t longest = family.prefix;
  while (family.count < requests.size()) {
    const std::span<const int32_t> next = Read(requests[family.count]);
    const size_t prefix = std::min(family.prefix, CommonPrefix(Read(requests.front()), next));
    longest = std::max(longest, next.size());
    if (2 * prefix < longest) break;
    family.prefix = prefix;
    ++family.count;
  }
  if (family.count == 1) family.prefix = 0;
  return family;
}

void AddPredictions(const LikelihoodRequest& request, size_t prefix, int64_t prefix_row,
                    int64_t own_row, PackedRequests* packed) {
  const size_t size = request.tokens.size();
  for (size_t at = size - 1 - static_cast<size_t>(request.scored); at + 1 < size; ++at) {
    packed->rows.push_back(at < prefix ? prefix_row + static_cast<int64_t>(at)
                                       : own_row + static_cast<int64_t>(at - prefix));
    packed->targets.push_back(request.tokens[at + 1]);
  }
  packed->first_prediction.push_back(static_cast<int64_t>(packed->rows.size()));
}

}  // namespace

PackedRequests Pack(std::span<const LikelihoodRequest> requests) {
  PackedRequests packed;
  packed.first_prediction = {0};
  while (!requests.empty()) {
    const Family family = FirstFamily(requests);
    const int64_t prefix_row = packed.tokens.layout.rows();
    int64_t segment = -1;
    if (family.prefix > 0) {
      segment = packed.tokens.Add(Read(requests.front()).first(family.prefix));
    }
    for (const LikelihoodRequest& request : requests.first(family.count)) {
      const int64_t own_row = packed.tokens.layout.rows();
      const std::span<const int32_t> own = Read(request).subspan(family.prefix);
      if (!own.empty()) packed.tokens.Add(own, segment);
      AddPredictions(request, family.prefix, prefix_row, own_row, &packed);
    }
    requests = requests.subspan(family.count);
  }
  return packed;
}

std::vector<size_t> BatchEnds(std::span<const ItemRequests> items, int64_t maximum_tokens) {
  std::vector<size_t> ends;
  int64_t tokens = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    int64_t more = 0;
    for (const LikelihoodRequest& request : items[i].likelihoods) {
      more += static_cast<int64_t>(request.tokens.size()) - 1;
    }
    if (tokens > 0 && tokens + more > maximum_tokens) {
      ends.push_back(i);
      tokens = 0;
    }
    tokens += more;
  }
  ends.push_back(items.size());
  return ends;
}

int64_t TokensRead(std::span<const ItemRequests> items) {
  int64_t tokens = 0;
  size_t begin = 0;
  for (const size_t end : BatchEnds(items, kBatchTokens)) {
    std::vector<LikelihoodRequest> requests;
    for (const ItemRequests& item : items.subspan(begin, end - begin)) {
      requests.insert(requests.end(), item.likelihoods.begin(), item.likelihoods.end());
    }
    tokens += Pack(requests).tokens.layout.rows();
    begin = end;
  }
  return tokens;
}

}  // namespace strata::tasks
