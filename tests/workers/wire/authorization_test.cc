#include "workers/wire/authorization.h"

#include <gtest/gtest.h>

namespace strata::workers {
namespace {

grpc::StatusCode CodeOf(const std::string& sent, const Credentials& credentials, Right right) {
  return CheckRight(sent, credentials, right).error_code();
}

// A role without a token has no rights over the network, whatever is sent.
TEST(AuthorizationTest, AnEmptyTokenIsNobodys) {
  Credentials credentials;
  credentials.token = "worker-token-of-32-characters-xx";
  for (const std::string& sent : {AuthorizationOf(""), std::string()}) {
    for (const Right right : {Right::kExchange, Right::kView, Right::kOperate}) {
      EXPECT_EQ(CodeOf(sent, credentials, right), grpc::StatusCode::UNAUTHENTICATED);
    }
    for (const Right right : {Right::kView, Right::kOperate}) {
      EXPECT_EQ(CodeOf(sent, Credentials(), right), grpc::StatusCode::UNAUTHENTICATED);
    }
  }
  EXPECT_EQ(CodeOf("", Credentials(), Right::kExchange), grpc::StatusCode::OK);
}

TEST(AuthorizationTest, EachRoleHasItsRightsAndNoOther) {
  Credentials credentials;
  credentials.token = "w";
  credentials.viewer_token = "v";
  credentials.operator_token = "o";
  const auto code = [&](const char* token, Right right) {
    return CodeOf(AuthorizationOf(token), credentials, right);
  };
  constexpr auto kDenied = grpc::StatusCode::PERMISSION_DENIED;
  EXPECT_EQ(code("w", Right::kExchange), grpc::StatusCode::OK);
  EXPECT_EQ(code("w", Right::kView), kDenied);
  EXPECT_EQ(code("w", Right::kOperate), kDenied);
  EXPECT_EQ(code("v", Right::kExchange), kDenied);
  EXPECT_EQ(code("v", Right::kView), grpc::StatusCode::OK);
  EXPECT_EQ(code("v", Right::kOperate), kDenied);
  EXPECT_EQ(code("o", Right::kExchange), kDenied);
  EXPECT_EQ(code("o", Right::kView), grpc::StatusCode::OK);
  EXPECT_EQ(code("o", Right::kOperate), grpc::StatusCode::OK);
  EXPECT_EQ(code("x", Right::kExchange), grpc::StatusCode::UNAUTHENTICATED);
}

}  // namespace
}  // namespace strata::workers
