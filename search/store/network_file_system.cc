#include "search/store/network_file_system.h"

#include <sys/vfs.h>

#include <filesystem>
#include <system_error>

namespace strata::search {
namespace {

struct NamedMagic {
  uint64_t magic;
  const char* name;
};

// Magic numbers of statfs(2), linux/magic.h, and the headers of file systems outside the kernel.
constexpr NamedMagic kNetworkFileSystems[] = {
    {0x6969, "NFS"},        {0x517B, "SMB"},       {0xFE534D42, "SMB2"},
    {0xFF534D42, "CIFS"},   {0x564C, "NCP"},       {0x0BD00BD0, "Lustre"},
    {0x47504653, "GPFS"},   {0x01021997, "9p"},    {0x65735546, "FUSE"},
    {0x00C36400, "Ceph"},   {0x5346414F, "AFS"},   {0x6B414653, "kAFS"},
    {0x73757245, "Coda"},   {0x01161970, "GFS2"},  {0x7461636F, "OCFS2"},
    {0x19830326, "BeeGFS"}, {0xAAD7AAEA, "PanFS"}, {0x20030528, "OrangeFS"},
    {0x786F4256, "vboxsf"}, {0x013111A8, "IBRIX"}, {0xBACBACBC, "vmhgfs"},
};

}  // namespace

std::string NetworkFileSystemName(uint64_t magic) {
  for (const NamedMagic& known : kNetworkFileSystems) {
    if (known.magic == magic) return known.name;
  }
  return "";
}

std::string NetworkFileSystemOf(const std::string& folder) {
  std::error_code error;
  std::filesystem::path path = std::filesystem::absolute(folder, error).lexically_normal();
  if (error) return "";
  while (!std::filesystem::exists(path, error) && path.has_relative_path()) {
    path = path.parent_path();
  }
  struct statfs found {};
  if (statfs(path.c_str(), &found) != 0) return "";
  // The type is signed and of the machine's word size; the numbers have 32 bits.
  return NetworkFileSystemName(static_cast<uint32_t>(found.f_type));
}

}  // namespace strata::search
