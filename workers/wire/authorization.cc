#include "workers/wire/authorization.h"

#include <fmt/format.h>

#include <string_view>

namespace strata::workers {
namespace {

// True if `sent` is the token of a role. An empty (unset) token never matches, but the comparison
// takes equally long.
bool IsToken(std::string_view sent, const std::string& token) {
  const bool is_equal = AreEqualSecrets(AuthorizationOf(token), sent);
  return is_equal && !token.empty();
}

}  // namespace

grpc::Status CheckRight(const grpc::ServerContextBase& context, const Credentials& credentials,
                        Right right) {
  if (context.peer().starts_with("unix:")) return grpc::Status::OK;
  std::string_view sent;
  const auto found = context.client_metadata().find(kAuthorization);
  if (found != context.client_metadata().end()) {
    sent = {found->second.data(), found->second.size()};
  }
  return CheckRight(sent, credentials, right);
}

grpc::Status CheckRight(std::string_view sent, const Credentials& credentials, Right right) {
  if (right == Right::kExchange && credentials.token.empty()) return grpc::Status::OK;
  const bool is_worker = IsToken(sent, credentials.token);
  const bool is_viewer = IsToken(sent, credentials.viewer_token);
  const bool is_operator = IsToken(sent, credentials.operator_token);
  if (!is_worker && !is_viewer && !is_operator) {
    return {grpc::StatusCode::UNAUTHENTICATED, "the token is missing or wrong"};
  }
  const bool is_allowed = right == Right::kExchange ? is_worker
                          : right == Right::kView   ? is_viewer || is_operator
                                                    : is_operator;
  if (is_allowed) return grpc::Status::OK;
  return {grpc::StatusCode::PERMISSION_DENIED,
          fmt::format("the token is a {}'s, which may not do this", is_worker   ? "worker"
                                                                    : is_viewer ? "viewer"
                                                                                : "operator")};
}

}  // namespace strata::workers
