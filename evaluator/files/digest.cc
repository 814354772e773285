#include "evaluator/files/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "evaluator/files/file_system.h"

namespace strata::evaluator {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;

class Sha256State {
 public:
  Sha256State() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }

  void Update(const void* bytes, size_t size) { EVP_DigestUpdate(context_.get(), bytes, size); }

  std::string Hexadecimal() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest, &size);
    std::string text;
    for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string Sha256(std::string_view bytes) {
  Sha256State state;
  state.Update(bytes.data(), bytes.size());
  return state.Hexadecimal();
}

absl::StatusOr<std::string> Sha256OfFile(const std::string& path) {
  // fopen also opens a folder. Only reading from it fails, and that message does not mention the
  // folder.
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return absl::InvalidArgumentError(fmt::format("{}: expected a file, found a folder", path));
  }
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (!file) return FileStatus(errno, "open", path);
  Sha256State state;
  std::vector<char> buffer(kReadBytes);
  while (true) {
    const size_t count = std::fread(buffer.data(), 1, buffer.size(), file.get());
    state.Update(buffer.data(), count);
    if (count < buffer.size()) break;
  }
  if (std::ferror(file.get())) {
    return absl::DataLossError(fmt::format("{}: reading failed", path));
  }
  return state.Hexadecimal();
}

}  // namespace strata::evaluator
