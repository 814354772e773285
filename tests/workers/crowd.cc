// Connections that say nothing: crowd PORT COUNT FIFO opens COUNT of them to 127.0.0.1, writes to
// FIFO how many it could open, and holds them until it is killed.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <string>

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::stoi(argv[1])));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int count = std::stoi(argv[2]);
  int opened = 0;
  while (opened < count) {
    const int connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connection < 0 ||
        connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      break;
    }
    ++opened;
  }
  std::ofstream(argv[3]) << opened << std::endl;
  while (true) pause();
}
