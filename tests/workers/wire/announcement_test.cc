#include "workers/wire/announcement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary_folder.h"

namespace strata::workers {
namespace {

using testing::HasSubstr;

TEST(AnnouncementTest, IsReadAsItWasWritten) {
  const TemporaryFolder folder;
  for (const RunState state : {RunState::kServing, RunState::kStopped, RunState::kOver}) {
    std::ofstream(folder / "a") << ToText({"/runs/of mine", "node-7.cluster:40123", state});
    const auto read = ReadAnnouncement(folder / "a");
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->run, "/runs/of mine");
    EXPECT_EQ(read->address, "node-7.cluster:40123");
    EXPECT_EQ(read->state, state);
  }
}

TEST(AnnouncementTest, NoFileIsACoordinatorThatIsNotThereYet) {
  const TemporaryFolder folder;
  const absl::Status status = ReadAnnouncement(folder / "none").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no coordinator has announced itself"));
}

TEST(AnnouncementTest, OtherFilesAreRefused) {
  const TemporaryFolder folder;
  for (const char* text :
       {"", "run /a\n", "run /a\naddress host:1\nstate gone\n",
        "run /a\naddress host\nstate over\n", "address host:1\nrun /a\nstate over\n",
        "run /a\naddress host:99999\nstate over\n"}) {
    std::ofstream(folder / "a") << text;
    const absl::Status status = ReadAnnouncement(folder / "a").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(folder / "a"));
  }
}

TEST(AnnouncementTest, AFileIsAnAddressOfItsOwnForm) {
  EXPECT_EQ(AnnouncementPath("file:/a/b"), "/a/b");
  EXPECT_EQ(AnnouncementPath("unix:/a/b"), "");
  EXPECT_EQ(AnnouncementPath("file:7070x"), "7070x");
  EXPECT_EQ(AnnouncementPath("host:7070"), "");
}

}  // namespace
}  // namespace strata::workers
