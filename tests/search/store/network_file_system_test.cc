#include "search/store/network_file_system.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace strata::search {
namespace {

TEST(NetworkFileSystem, IsKnownByItsNumber) {
  EXPECT_EQ(NetworkFileSystemName(0x6969), "NFS");
  EXPECT_EQ(NetworkFileSystemName(0xFF534D42), "CIFS");
  EXPECT_EQ(NetworkFileSystemName(0xFE534D42), "SMB2");
  EXPECT_EQ(NetworkFileSystemName(0x0BD00BD0), "Lustre");
  EXPECT_EQ(NetworkFileSystemName(0x65735546), "FUSE");
  EXPECT_EQ(NetworkFileSystemName(0x47504653), "GPFS");
  EXPECT_EQ(NetworkFileSystemName(0x01021997), "9p");
  EXPECT_EQ(NetworkFileSystemName(0xEF53), "") << "ext4";
  EXPECT_EQ(NetworkFileSystemName(0x58465342), "") << "XFS";
  EXPECT_EQ(NetworkFileSystemName(0x01021994), "") << "tmpfs";
  EXPECT_EQ(NetworkFileSystemName(0), "");
}

TEST(NetworkFileSystem, OfAFolderThatIsNotThereYetIsThatOfTheOneAbove) {
  const TemporaryFolder temporary;
  EXPECT_EQ(NetworkFileSystemOf(temporary / "a/b/c"), NetworkFileSystemOf(temporary.path()));
  EXPECT_EQ(NetworkFileSystemOf("/proc"), "");
}

}  // namespace
}  // namespace strata::search
