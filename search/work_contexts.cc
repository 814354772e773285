#include "search/work_contexts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/sha.h>

#include "search/engine/outcome_codec.h"

namespace strata::search {

const std::string& ContextOf(const WorkContexts& contexts, const WorkItem& item) {
  const auto* evaluate = std::get_if<EvaluateWork>(&item.work);
  if (evaluate == nullptr) return contexts.profile_context;
  const auto rung = static_cast<size_t>(evaluate->rung);
  if (evaluate->stage == Stage::kSearch && rung < contexts.racing_contexts.size()) {
    return contexts.racing_contexts[rung];
  }
  switch (evaluate->stage) {
    case Stage::kSearch:
      return contexts.search_context;
    case Stage::kSelect:
      return contexts.select_context;
    case Stage::kRefine:
      return rung < contexts.refine_rung_contexts.size() ? contexts.refine_rung_contexts[rung]
                                                         : contexts.refine_context;
    case Stage::kSlope:
      return contexts.slope_context;
    case Stage::kVerify:
      break;
  }
  return contexts.verify_context;
}

std::string ContextsText(const std::vector<WorkContexts>& all) {
  std::string text;
  for (const WorkContexts& contexts : all) {
    text += fmt::format("{}\n{}{}{}\n{}\n{}\n", contexts.profile_context,
                        fmt::join(contexts.racing_contexts, "\n"),
                        contexts.racing_contexts.empty() ? "" : "\n", contexts.search_context,
                        contexts.select_context, contexts.verify_context);
  }
  return text;
}

absl::Status CheckContexts(const WorkContexts& first, const std::vector<WorkContexts>& further,
                           const EngineOptions& engine) {
  std::vector<const WorkContexts*> all = {&first};
  for (const WorkContexts& contexts : further) all.push_back(&contexts);
  for (const WorkContexts* contexts : all) {
    if (static_cast<int>(contexts->racing_contexts.size()) + 1 == engine.ladder.rungs) {
      continue;
    }
    return absl::InvalidArgumentError(
        fmt::format("racing_contexts: expected one less than the {} rungs of the ladder, found {}",
                    engine.ladder.rungs, contexts->racing_contexts.size()));
  }
  const size_t subjects = engine.robust.further_layouts.size() + 1;
  if (all.size() == subjects) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("further_contexts: expected those of all {} subjects but the first, found {}",
                  subjects, further.size()));
}

namespace {

void AppendPart(std::string_view part, std::string* bytes) {
  AppendInteger(part.size(), bytes);
  bytes->append(part);
}

std::string Sha256(const std::string& bytes) {
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash);
  std::string text;
  for (const unsigned char byte : hash) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace

std::string WorkDigest(std::string_view context, const WorkItem& item) {
  std::string bytes;
  if (const auto* profile = std::get_if<ProfileWork>(&item.work)) {
    AppendPart("profile", &bytes);
    AppendPart(context, &bytes);
    AppendInteger(profile->features.size(), &bytes);
    for (const std::string& feature : profile->features) AppendPart(feature, &bytes);
    for (const auto& [feature, allocation] : profile->pruned) {
      AppendPart(feature, &bytes);
      AppendPart(EncodeDoubles(allocation), &bytes);
    }
  } else {
    AppendPart("evaluate", &bytes);
    AppendPart(context, &bytes);
    AppendPart(EncodeDoubles(std::get<EvaluateWork>(item.work).allocation), &bytes);
  }
  return Sha256(bytes);
}

}  // namespace strata::search
