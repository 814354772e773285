#include "workers/wire/library_versions.h"

#include <google/protobuf/stubs/common.h>
#include <grpcpp/version_info.h>

namespace strata::workers {

std::string GrpcVersion() { return GRPC_CPP_VERSION_STRING; }

std::string ProtobufVersion() {
  return google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION);
}

}  // namespace strata::workers
