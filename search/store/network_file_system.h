// Detects folders that lie on a network file system.
#ifndef STRATA_SEARCH_STORE_NETWORK_FILE_SYSTEM_H_
#define STRATA_SEARCH_STORE_NETWORK_FILE_SYSTEM_H_

#include <cstdint>
#include <string>

namespace strata::search {

// Returns the name of the network file system ("NFS", "SMB", ...) with this magic number in
// statfs(2); empty for any other. FUSE counts as one, because most of what clusters mount through
// it is.
std::string NetworkFileSystemName(uint64_t magic);

// Returns the name for `folder`, or for the nearest folder above it that exists. Empty also if the
// system does not report a type.
std::string NetworkFileSystemOf(const std::string& folder);

}  // namespace strata::search

#endif  // STRATA_SEARCH_STORE_NETWORK_FILE_SYSTEM_H_
