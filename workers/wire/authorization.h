// Authorisation by role: who may ask a coordinator for what.
//
// A token has one role. Workers exchange work items for results and nothing else. Viewers see the
// status. Operators see the status, stop the search and send workers away. Only the owner can open
// the coordinator's Unix socket, so a client that connects there may do everything.
#ifndef STRATA_WORKERS_WIRE_AUTHORIZATION_H_
#define STRATA_WORKERS_WIRE_AUTHORIZATION_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <string_view>

#include "workers/wire/credentials.h"

namespace strata::workers {

enum class Right { kExchange, kView, kOperate };

// Checks that a client has a right. Errors: UNAUTHENTICATED if its token is missing or unknown;
// PERMISSION_DENIED if the role of its token does not have the right. Takes the same time for every
// token. If no worker token is set, every connection may exchange. If no viewer's or operator's
// token is set, only connections by Unix socket have the rights of that role.
grpc::Status CheckRight(const grpc::ServerContextBase& context, const Credentials& credentials,
                        Right right);

// The same for a connection over the network that sent `authorization` (AuthorizationOf a token).
grpc::Status CheckRight(std::string_view authorization, const Credentials& credentials,
                        Right right);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WIRE_AUTHORIZATION_H_
