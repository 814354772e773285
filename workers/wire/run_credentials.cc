#include "workers/wire/run_credentials.h"

#include <absl/status/statusor.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "evaluator/files/file_system.h"
#include "evaluator/files/output_file.h"
#include "expr/status_macros.h"

namespace strata::workers {
namespace {

constexpr long kValidSeconds = 2L * 365 * 24 * 3600;
constexpr long kClockSkewSeconds = 24L * 3600;  // allows for machines whose clocks are behind
constexpr size_t kTokenBytes = 32;
constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kReadable = 0644;

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free>>;

absl::Status OpenSslError(const char* what) {
  std::array<char, 256> reason{};
  ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
  return absl::InternalError(fmt::format("OpenSSL cannot make {}: {}", what, reason.data()));
}

bool AddExtension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool NameIt(X509_NAME* name, const char* common_name) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(common_name), -1, -1,
                                    0) == 1;
}

struct Extension {
  int kind;
  const char* value;
};

// Makes a certificate; it is self-signed if `issuer` is null. Returns null if OpenSSL fails.
Certificate Issue(const char* name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                  const std::vector<Extension>& extensions) {
  Certificate certificate(X509_new());
  if (certificate == nullptr) return nullptr;
  X509* const self = certificate.get();
  if (issuer == nullptr) issuer = self;
  int64_t serial = 0;
  bool good = RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1;
  constexpr int kVersion3 = 2;
  good = good && X509_set_version(self, kVersion3) == 1 &&
         ASN1_INTEGER_set_int64(X509_get_serialNumber(self), serial & INT64_MAX) == 1 &&
         X509_gmtime_adj(X509_getm_notBefore(self), -kClockSkewSeconds) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(self), kValidSeconds) != nullptr &&
         X509_set_pubkey(self, key) == 1 && NameIt(X509_get_subject_name(self), name) &&
         X509_set_issuer_name(self, X509_get_subject_name(issuer)) == 1;
  for (const Extension& extension : extensions) {
    good = good && AddExtension(self, issuer, extension.kind, extension.value);
  }
  if (!good || X509_sign(self, issuer_key, EVP_sha256()) == 0) return nullptr;
  return certificate;
}

std::string ContentOf(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<size_t>(size)};
}

std::string PemOf(X509* certificate) {
  const Memory memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(memory.get(), certificate);
  return ContentOf(memory.get());
}

std::string PemOf(EVP_PKEY* key) {
  const Memory memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return ContentOf(memory.get());
}

absl::Status MakeTls(const RunCredentials& files) {
  const Key authority_key(EVP_EC_gen("P-256"));
  const Key key(EVP_EC_gen("P-256"));
  if (authority_key == nullptr || key == nullptr) return OpenSslError("keys");
  const Certificate authority =
      Issue("strata run authority", authority_key.get(), nullptr, authority_key.get(),
            {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
             {NID_key_usage, "critical,keyCertSign"},
             {NID_subject_key_identifier, "hash"}});
  if (authority == nullptr) return OpenSslError("an authority");
  const std::string name = fmt::format("DNS:{}", kCoordinatorName);
  const Certificate certificate =
      Issue("strata coordinator", key.get(), authority.get(), authority_key.get(),
            {{NID_basic_constraints, "critical,CA:FALSE"},
             {NID_key_usage, "critical,digitalSignature"},
             {NID_ext_key_usage, "serverAuth"},
             {NID_subject_alt_name, name.c_str()}});
  if (certificate == nullptr) return OpenSslError("a certificate");
  absl::Status status =
      evaluator::WriteFileAtomically(files.authority, PemOf(authority.get()), kReadable);
  status.Update(
      evaluator::WriteFileAtomically(files.certificate, PemOf(certificate.get()), kReadable));
  // The key is written last: if it exists, the other files exist too.
  status.Update(evaluator::WriteFileAtomically(files.key, PemOf(key.get()), kOwnerOnly));
  return status;
}

absl::StatusOr<std::string> RandomToken() {
  std::array<unsigned char, kTokenBytes> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) return OpenSslError("a token");
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

absl::Status MakeTokens(const RunCredentials& files) {
  std::string all;
  for (const auto& [role, path] :
       {std::pair<const char*, std::string>{"worker", files.worker_token},
        {"viewer", files.viewer_token},
        {"operator", files.operator_token}}) {
    STRATA_ASSIGN_OR_RETURN(const std::string token, RandomToken());
    absl::Status status = evaluator::WriteFileAtomically(path, token + "\n", kOwnerOnly);
    if (!status.ok()) return status;
    all += fmt::format("{}:{}\n", role, token);
  }
  return evaluator::WriteFileAtomically(files.tokens, all, kOwnerOnly);
}

}  // namespace

RunCredentials::RunCredentials(const std::string& folder)
    : authority(folder + "/authority.crt"),
      certificate(folder + "/coordinator.crt"),
      key(folder + "/coordinator.key"),
      tokens(folder + "/tokens"),
      worker_token(folder + "/worker.token"),
      viewer_token(folder + "/viewer.token"),
      operator_token(folder + "/operator.token") {}

absl::Status MakeRunCredentials(const std::string& folder) {
  const RunCredentials files(folder);
  std::error_code error;
  const auto parent = std::filesystem::path(folder).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return evaluator::FileStatus(errno, "make", folder);
  struct stat status {};
  if (stat(folder.c_str(), &status) != 0) return evaluator::FileStatus(errno, "inspect", folder);
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0 || !S_ISDIR(status.st_mode)) {
    return absl::FailedPreconditionError(
        fmt::format("{}: expected a folder that only its owner may enter (mode 700), as it holds "
                    "keys; found mode {:o}",
                    folder, status.st_mode & 0777));
  }
  const auto all_exist = [](const std::vector<std::string>& paths) {
    return std::ranges::all_of(paths, [](const std::string& path) {
      std::error_code ignored;
      return std::filesystem::exists(path, ignored);
    });
  };
  if (!all_exist({files.authority, files.certificate, files.key})) {
    STRATA_RETURN_IF_ERROR(MakeTls(files));
  }
  if (all_exist({files.tokens, files.worker_token, files.viewer_token, files.operator_token})) {
    return absl::OkStatus();
  }
  return MakeTokens(files);
}

}  // namespace strata::workers
