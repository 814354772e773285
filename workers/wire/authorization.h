// Who may ask what of a coordinator.
//
// A token has one role. Workers exchange tasks for results and nothing else; viewers see the
// status; operators see it, stop the search and send workers away. Whoever can open the
// coordinator's Unix socket is its owner and may do everything.
#ifndef STRATA_WORKERS_AUTHORIZATION_H_
#define STRATA_WORKERS_AUTHORIZATION_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <string_view>

#include "workers/wire/credentials.h"

namespace strata::workers {

enum class Right { kExchange, kView, kOperate };

// UNAUTHENTICATED for a token that is missing or unknown; PERMISSION_DENIED for one whose role does
// not have the right. Takes the same time whichever token was sent. Without a worker token every
// connection may exchange; without a viewer's or operator's only those of a Unix socket have the
// rights of these.
grpc::Status CheckRight(const grpc::ServerContextBase& context, const Credentials& credentials,
                        Right right);

// The same for a connection that is none of a Unix socket and sent `authorization`, AuthorizationOf
// a token.
grpc::Status CheckRight(std::string_view authorization, const Credentials& credentials,
                        Right right);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_AUTHORIZATION_H_
