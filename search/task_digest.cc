#include "search/task_digest.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include "search/engine/outcome_codec.h"

namespace strata::search {
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

std::string TaskDigest(std::string_view context, const Task& task) {
  std::string bytes;
  if (const auto* profile = std::get_if<ProfileTask>(&task.work)) {
    AppendPart("profile", &bytes);
    AppendPart(context, &bytes);
    AppendInteger(profile->features.size(), &bytes);
    for (const std::string& feature : profile->features) AppendPart(feature, &bytes);
  } else {
    AppendPart("evaluate", &bytes);
    AppendPart(context, &bytes);
    AppendPart(EncodeDoubles(std::get<EvaluateTask>(task.work).allocation), &bytes);
  }
  return Sha256(bytes);
}

}  // namespace strata::search
