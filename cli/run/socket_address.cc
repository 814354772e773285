#include "cli/run/socket_address.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "workers/wire/address.h"

namespace strata::cli {

SocketAddress::SocketAddress(const RunConfig& config) {
  if (config.address != "auto") {
    address_ = config.address;
    return;
  }
  std::string path = std::filesystem::absolute(config.run).lexically_normal() / "coordinator.sock";
  if (!workers::ParseAddress("unix:" + path).ok()) {
    std::string folder = std::filesystem::temp_directory_path() / "strata-XXXXXX";
    if (mkdtemp(folder.data()) != nullptr) {
      temporary_folder_ = folder;
      path = folder + "/coordinator.sock";
    }
  }
  address_ = "unix:" + path;
}

SocketAddress::~SocketAddress() {
  std::error_code ignored;
  if (!temporary_folder_.empty()) std::filesystem::remove_all(temporary_folder_, ignored);
}

}  // namespace strata::cli
