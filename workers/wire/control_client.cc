#include "workers/wire/control_client.h"

#include <fmt/format.h>
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <chrono>
#include <functional>
#include <memory>

#include "expr/status_macros.h"
#include "proto/strata.grpc.pb.h"
#include "workers/wire/address.h"
#include "workers/wire/announcement.h"
#include "workers/wire/field_checks.h"
#include "workers/wire/work_codec.h"

namespace strata::workers {
namespace {

absl::StatusOr<std::string> AddressOf(const ControlOptions& options) {
  const std::string path = AnnouncementPath(options.address);
  if (path.empty()) return options.address;
  STRATA_ASSIGN_OR_RETURN(const Announcement announcement, ReadAnnouncement(path));
  if (announcement.state == RunState::kServing) return announcement.address;
  return absl::UnavailableError(
      fmt::format("{}: the search {}", announcement.run,
                  announcement.state == RunState::kOver ? "is over" : "was stopped"));
}

absl::Status StatusOf(const grpc::Status& status, const std::string& address) {
  if (status.ok()) return absl::OkStatus();
  const std::string message =
      fmt::format("the coordinator at {}: {}", address, Printable(status.error_message()));
  switch (status.error_code()) {
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
      return absl::PermissionDeniedError(message);
    case grpc::StatusCode::NOT_FOUND:
      return absl::NotFoundError(message);
    default:
      return absl::UnavailableError(message);
  }
}

using Call = std::function<grpc::Status(v1::Control::Stub* stub, grpc::ClientContext* context)>;

absl::Status CallControl(const ControlOptions& options, const Call& call) {
  STRATA_ASSIGN_OR_RETURN(const std::string text, AddressOf(options));
  STRATA_ASSIGN_OR_RETURN(const Address address, ParseAddress(text));
  STRATA_RETURN_IF_ERROR(CheckWorkerExposure(address, options.credentials));
  // A Unix socket needs no TLS, even if it is set for other addresses.
  STRATA_ASSIGN_OR_RETURN(
      const auto channel_credentials,
      MakeChannelCredentials(address.socket_path.empty() ? options.credentials.tls : TlsFiles()));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaximumMessageBytes);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (!options.server_name.empty()) arguments.SetSslTargetNameOverride(options.server_name);
  const auto stub =
      v1::Control::NewStub(grpc::CreateCustomChannel(address.text, channel_credentials, arguments));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::duration_cast<std::chrono::system_clock::duration>(
                           std::chrono::duration<double>(options.timeout_seconds)));
  if (!options.credentials.token.empty()) {
    context.AddMetadata(kAuthorization, AuthorizationOf(options.credentials.token));
  }
  return StatusOf(call(stub.get(), &context), address.text);
}

}  // namespace

absl::StatusOr<RemoteStatus> GetStatus(const ControlOptions& options) {
  v1::StatusReply reply;
  const absl::Status called =
      CallControl(options, [&reply](v1::Control::Stub* stub, grpc::ClientContext* context) {
        return stub->GetStatus(context, v1::StatusRequest(), &reply);
      });
  if (!called.ok()) return called;
  RemoteStatus status;
  status.phase = Printable(reply.phase());
  status.seconds = reply.seconds();
  status.evaluations = reply.evaluations();
  status.leased_items = reply.leased_items();
  status.reissued_items = reply.reissued_items();
  status.failed_items = reply.failed_items();
  status.absorbed_results = reply.absorbed_results();
  for (const v1::WorkerStatus& worker : reply.workers()) {
    status.workers.push_back({Printable(worker.name()), Printable(worker.item()),
                              worker.is_leaving(), worker.is_silent()});
  }
  return status;
}

absl::Status StopSearch(const ControlOptions& options) {
  return CallControl(options, [](v1::Control::Stub* stub, grpc::ClientContext* context) {
    v1::StopReply reply;
    return stub->Stop(context, v1::StopRequest(), &reply);
  });
}

absl::Status DrainWorker(const ControlOptions& options, const std::string& worker_name) {
  return CallControl(options, [&](v1::Control::Stub* stub, grpc::ClientContext* context) {
    v1::DrainWorkerRequest request;
    request.set_worker_name(worker_name);
    v1::DrainWorkerReply reply;
    return stub->DrainWorker(context, request, &reply);
  });
}

}  // namespace strata::workers
