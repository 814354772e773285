#include "workers/worker/exchange_client.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "proto/strata.grpc.pb.h"
#include "tests/support/temporary_folder.h"

namespace strata::workers {
namespace {

// A coordinator that greets a worker with a work item, hears `patience` messages of it, and says
// farewell in the middle of what else the worker has to say.
class HastyCoordinator : public v1::Coordinator::Service {
 public:
  grpc::Status Exchange(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::DesiredState, v1::WorkerState>* stream) override {
    ++streams;
    v1::WorkerState state;
    if (!stream->Read(&state)) return grpc::Status::OK;
    v1::DesiredState desired;
    desired.set_heartbeat_seconds(0.01);
    desired.set_lease_id("lease");
    desired.mutable_item()->mutable_profile();
    stream->Write(desired);
    for (int i = 0; i < patience; ++i) stream->Read(&state);
    v1::DesiredState farewell;
    farewell.set_shut_down(true);
    stream->Write(farewell);
    return grpc::Status::OK;
  }

  int patience = 0;
  std::atomic<int> streams = 0;
};

// A message that can no longer be written is no reason not to read the farewell, which was sent
// before the stream ended: the worker would look for a coordinator that is gone.
TEST(ExchangeClientTest, HearsTheFarewellWhateverItWasSaying) {
  TemporaryFolder folder;
  const std::string address = "unix:" + (folder / "s");
  HastyCoordinator coordinator;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(&coordinator);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);
  constexpr int kRounds = 500;
  for (int round = 0; round < kRounds; ++round) {
    coordinator.patience = round % 4;
    ExchangeClient client(
        {.address = address, .credentials = grpc::InsecureChannelCredentials(), .hello = {}});
    const auto first = client.Next();
    ASSERT_TRUE(first.ok()) << first.status();
    if (!first->has_value()) continue;
    // Speaks as often as it can until the end is heard.
    while (client.Report(0.5)) client.Deliver({});
    const auto next = client.Next();
    ASSERT_TRUE(next.ok()) << next.status();
    EXPECT_FALSE(next->has_value());
  }
  EXPECT_EQ(coordinator.streams, kRounds) << "a worker came back after its farewell";
  server->Shutdown();
}

}  // namespace
}  // namespace strata::workers
