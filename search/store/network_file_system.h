// Which folders lie on a network file system.
#ifndef STRATA_SEARCH_NETWORK_FILE_SYSTEM_H_
#define STRATA_SEARCH_NETWORK_FILE_SYSTEM_H_

#include <cstdint>
#include <string>

namespace strata::search {

// The name of the network file system ("NFS", "SMB", ...) with this magic number in statfs(2);
// empty for any other. FUSE counts as one: most of what clusters mount through it is.
std::string NetworkFileSystemName(uint64_t magic);

// Of the nearest folder above `folder` that exists. Empty also where the system does not say.
std::string NetworkFileSystemOf(const std::string& folder);

}  // namespace strata::search

#endif  // STRATA_SEARCH_NETWORK_FILE_SYSTEM_H_
