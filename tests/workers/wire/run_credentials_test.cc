#include "workers/wire/run_credentials.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/temporary_folder.h"
#include "workers/wire/credentials.h"

namespace strata::workers {
namespace {

using testing::HasSubstr;

std::string ContentOf(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

mode_t ModeOf(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777;
}

bool Succeeds(const std::string& command) {
  return std::system(fmt::format("{} >/dev/null 2>&1", command).c_str()) == 0;
}

TEST(RunCredentialsTest, AreSecretAndFitTogether) {
  const TemporaryFolder folder;
  const std::string path = folder / "deep/launch";
  ASSERT_TRUE(MakeRunCredentials(path).ok());
  const RunCredentials files(path);
  EXPECT_EQ(ModeOf(path), 0700u);
  EXPECT_EQ(ModeOf(files.key), 0600u);
  for (const std::string& file :
       {files.tokens, files.worker_token, files.viewer_token, files.operator_token}) {
    EXPECT_EQ(ModeOf(file), 0600u);
  }
  EXPECT_TRUE(MakeServerCredentials({files.certificate, files.key, ""}).ok());
  EXPECT_TRUE(MakeChannelCredentials({"", "", files.authority}).ok());
  Credentials credentials;
  ASSERT_TRUE(ReadTokensOfRoles(files.tokens, &credentials).ok());
  EXPECT_EQ(ReadTokenFile(files.worker_token).value(), credentials.token);
  EXPECT_EQ(ReadTokenFile(files.viewer_token).value(), credentials.viewer_token);
  EXPECT_EQ(ReadTokenFile(files.operator_token).value(), credentials.operator_token);
  EXPECT_EQ(credentials.token.size(), 64u);
  // As openssl's own verifier sees it: for this name, as a server's, and not for another name.
  const auto verify = [&](const std::string& name, const std::string& authority) {
    return Succeeds(
        fmt::format("openssl verify -purpose sslserver -verify_hostname {} -CAfile {} {}", name,
                    authority, files.certificate));
  };
  EXPECT_TRUE(verify(kCoordinatorName, files.authority));
  EXPECT_FALSE(verify("localhost", files.authority));
  ASSERT_TRUE(MakeRunCredentials(folder / "other").ok());
  EXPECT_FALSE(verify(kCoordinatorName, RunCredentials(folder / "other").authority));
  EXPECT_NE(ContentOf(files.tokens), ContentOf(RunCredentials(folder / "other").tokens));
}

TEST(RunCredentialsTest, WhatIsThereIsKept) {
  const TemporaryFolder folder;
  ASSERT_TRUE(MakeRunCredentials(folder / "a").ok());
  const RunCredentials files(folder / "a");
  const std::string key = ContentOf(files.key), token = ContentOf(files.tokens);
  ASSERT_TRUE(MakeRunCredentials(folder / "a").ok());
  EXPECT_EQ(ContentOf(files.key), key);
  EXPECT_EQ(ContentOf(files.tokens), token);
  // Half of a pair is worth nothing: all of it is made anew.
  ASSERT_EQ(std::remove(files.certificate.c_str()), 0);
  ASSERT_TRUE(MakeRunCredentials(folder / "a").ok());
  EXPECT_NE(ContentOf(files.key), key);
  EXPECT_EQ(ContentOf(files.tokens), token);
  EXPECT_TRUE(MakeServerCredentials({files.certificate, files.key, ""}).ok());
}

TEST(RunCredentialsTest, AFolderThatOthersMayEnterIsRefused) {
  const TemporaryFolder folder;
  ASSERT_EQ(mkdir((folder / "open").c_str(), 0755), 0);
  ASSERT_EQ(chmod((folder / "open").c_str(), 0755), 0);
  const absl::Status status = MakeRunCredentials(folder / "open");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("found mode 755"));
  std::ofstream(folder / "file") << "x";
  EXPECT_FALSE(MakeRunCredentials(folder / "file").ok());
}

}  // namespace
}  // namespace strata::workers
