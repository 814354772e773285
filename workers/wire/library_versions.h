// Versions of the libraries that carry the wire contract.
#ifndef STRATA_WORKERS_WIRE_LIBRARY_VERSIONS_H_
#define STRATA_WORKERS_WIRE_LIBRARY_VERSIONS_H_

#include <string>

namespace strata::workers {

// Return the version that Strata was compiled with: "1.51.1".
std::string GrpcVersion();
std::string ProtobufVersion();

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WIRE_LIBRARY_VERSIONS_H_
