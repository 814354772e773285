#include "workers/wire/credentials.h"

#include <fmt/format.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "evaluator/files/file_system.h"
#include "expr/status_macros.h"

namespace strata::workers {
namespace {

constexpr size_t kShortestToken = 16;
constexpr size_t kLongestToken = 4096;
constexpr size_t kLongestPem = 1 << 20;

absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t longest) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return evaluator::FileStatus(errno, "open", path);
  std::string text(longest + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() <= longest) return text;
  return absl::InvalidArgumentError(
      fmt::format("{}: expected at most {} bytes, found more", path, longest));
}

// Checks that only the owner may use a file. A file of root may be readable by its group if this
// process is not root, because secrets are mounted in this way.
absl::Status CheckPrivate(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return evaluator::FileStatus(errno, "inspect", path);
  const bool is_mounted = status.st_uid == 0 && geteuid() != 0;
  const mode_t others = is_mounted ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
  if ((status.st_mode & others) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("{}: expected a file that only its owner may read (mode 600), found mode {:o}; "
                  "chmod 600 it",
                  path, status.st_mode & 0777));
}

absl::StatusOr<std::string> ReadPem(const std::string& path, const char* contents) {
  absl::StatusOr<std::string> text = ReadSmallFile(path, kLongestPem);
  if (!text.ok()) return text;
  if (text->find(fmt::format("-----BEGIN {}", contents)) != std::string::npos) return text;
  // The PEM header of some keys names the kind of key before `contents`.
  if (text->find(fmt::format("{}-----", contents)) != std::string::npos) return text;
  return absl::InvalidArgumentError(
      fmt::format("{}: expected a {} in PEM form, found none", path, contents));
}

struct PemTexts {
  std::string certificate, key, authority;
};

absl::StatusOr<PemTexts> ReadAll(const TlsFiles& tls) {
  if (tls.certificate.empty() != tls.key.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("TLS: expected a certificate and its key, found only {}",
                    tls.key.empty() ? tls.certificate : tls.key));
  }
  PemTexts texts;
  const auto read = [](const std::string& path, const char* contents, std::string* text) {
    if (path.empty()) return absl::OkStatus();
    absl::StatusOr<std::string> found = ReadPem(path, contents);
    if (found.ok()) *text = *std::move(found);
    return found.status();
  };
  absl::Status status = tls.key.empty() ? absl::OkStatus() : CheckPrivate(tls.key);
  status.Update(read(tls.certificate, "CERTIFICATE", &texts.certificate));
  status.Update(read(tls.key, "PRIVATE KEY", &texts.key));
  status.Update(read(tls.authority, "CERTIFICATE", &texts.authority));
  if (!status.ok()) return status;
  return texts;
}

std::array<unsigned char, SHA256_DIGEST_LENGTH> DigestOf(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

}  // namespace

absl::StatusOr<std::string> CheckToken(std::string token, const std::string& from) {
  while (!token.empty() && std::string_view(" \t\r\n").find(token.back()) != std::string::npos) {
    token.pop_back();
  }
  const bool is_printable =
      std::ranges::all_of(token, [](const char c) { return c > ' ' && c <= '~'; });
  if (is_printable && token.size() >= kShortestToken && token.size() <= kLongestToken) {
    return token;
  }
  return absl::InvalidArgumentError(fmt::format(
      "{}: expected a token of {} to {} printable ASCII characters without spaces, found {}", from,
      kShortestToken, kLongestToken,
      is_printable ? fmt::format("{} characters", token.size()) : "others"));
}

absl::StatusOr<std::string> ReadTokenFile(const std::string& path) {
  STRATA_RETURN_IF_ERROR(CheckPrivate(path));
  absl::StatusOr<std::string> text = ReadSmallFile(path, kLongestToken + 2);
  if (!text.ok()) return text;
  return CheckToken(*std::move(text), path);
}

absl::Status ReadTokensOfRoles(const std::string& path, Credentials* credentials) {
  STRATA_RETURN_IF_ERROR(CheckPrivate(path));
  STRATA_ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(path, 3 * (kLongestToken + 16)));
  const std::array roles = {std::pair{"worker:", &credentials->token},
                            std::pair{"viewer:", &credentials->viewer_token},
                            std::pair{"operator:", &credentials->operator_token}};
  std::istringstream lines(text);
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    ++count;
    std::string* token = nullptr;
    for (const auto& [prefix, member] : roles) {
      if (!line.starts_with(prefix)) continue;
      token = member;
      line.erase(0, std::strlen(prefix));
      break;
    }
    if (token == nullptr && count == 1 && lines.peek() == std::istringstream::traits_type::eof()) {
      token = &credentials->token;
    }
    if (token == nullptr || !token->empty()) {
      return absl::InvalidArgumentError(fmt::format(
          "{}:{}: expected \"worker:\", \"viewer:\" or \"operator:\" before a token, each once, "
          "found {}",
          path, count, token == nullptr ? "none of them" : "one that was there before"));
    }
    STRATA_ASSIGN_OR_RETURN(std::string checked,
                            CheckToken(std::move(line), fmt::format("{}:{}", path, count)));
    *token = std::move(checked);
  }
  if (count == 0) return CheckToken("", path).status();
  const std::array tokens = {credentials->token, credentials->viewer_token,
                             credentials->operator_token};
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].empty() || tokens[i] != tokens[(i + 1) % tokens.size()]) continue;
    return absl::InvalidArgumentError(
        fmt::format("{}: expected a token of its own for every role, found one for two", path));
  }
  return absl::OkStatus();
}

bool AreEqualSecrets(std::string_view expected, std::string_view found) {
  // Digests have the same length, whatever the lengths of the secrets.
  const auto a = DigestOf(expected);
  const auto b = DigestOf(found);
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

absl::Status CheckExposure(const Address& address, const Credentials& credentials) {
  if (address.is_local) return absl::OkStatus();
  const bool is_encrypted = !credentials.tls.certificate.empty();
  const bool knows_workers = !credentials.token.empty() || !credentials.tls.authority.empty();
  if (is_encrypted && knows_workers) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format(
      "address \"{}\": other machines can reach it, so it is served only with {}; for this machine "
      "alone use unix:/path, localhost or 127.0.0.1",
      address.text,
      is_encrypted ? "a token or an authority of workers' certificates"
                   : "a TLS certificate and key, and a token or an authority of workers' "
                     "certificates"));
}

absl::Status CheckWorkerExposure(const Address& address, const Credentials& credentials) {
  if (address.is_local || credentials.tls.any()) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format(
      "address \"{}\": a coordinator on another machine is spoken to only with TLS: expected the "
      "authority that signs its certificate",
      address.text));
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const TlsFiles& tls) {
  if (!tls.any()) return grpc::InsecureServerCredentials();
  STRATA_ASSIGN_OR_RETURN(PemTexts texts, ReadAll(tls));
  if (texts.certificate.empty()) {
    return absl::InvalidArgumentError(
        "TLS: a coordinator needs a certificate and its key, found only an authority");
  }
  grpc::SslServerCredentialsOptions options(
      texts.authority.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                              : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = std::move(texts.authority);
  options.pem_key_cert_pairs.push_back({std::move(texts.key), std::move(texts.certificate)});
  return grpc::SslServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const TlsFiles& tls) {
  if (!tls.any()) return grpc::InsecureChannelCredentials();
  STRATA_ASSIGN_OR_RETURN(PemTexts texts, ReadAll(tls));
  if (texts.authority.empty()) {
    return absl::InvalidArgumentError(
        "TLS: a worker needs the authority that signs the coordinator's certificate, found none");
  }
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = std::move(texts.authority);
  options.pem_private_key = std::move(texts.key);
  options.pem_cert_chain = std::move(texts.certificate);
  return grpc::SslCredentials(options);
}

std::string AuthorizationOf(const std::string& token) { return "Bearer " + token; }

}  // namespace strata::workers
