#include "evaluator/text/text_encoding.h"

#include <fmt/format.h>

#include <algorithm>

#include "evaluator/text/utf8.h"

namespace strata::evaluator {
namespace {

using std::string_view_literals::operator""sv;

struct Signature {
  std::string_view bytes;  // that such a file begins with
  const char* meaning;
};

// A signature that begins with another one stands before it.
constexpr Signature kSignatures[] = {{"\xFF\xFE\0\0"sv, "UTF-32, little endian"},
                                     {"\0\0\xFE\xFF"sv, "UTF-32, big endian"},
                                     {"\xFF\xFE"sv, "UTF-16, little endian"},
                                     {"\xFE\xFF"sv, "UTF-16, big endian"},
                                     {"\x1F\x8B"sv, "a gzip archive"},
                                     {"\x28\xB5\x2F\xFD"sv, "a zstd archive"},
                                     {"BZh"sv, "a bzip2 archive"},
                                     {"\xFD\x37zXZ"sv, "an xz archive"},
                                     {"PK\x03\x04"sv, "a zip archive"},
                                     {"PAR1"sv, "a Parquet file"},
                                     {"%PDF"sv, "a PDF file"}};

bool IsHigh(char byte) { return static_cast<unsigned char>(byte) >= 0x80; }

// Zero bytes by place modulo 4. Text has none in UTF-8.
struct Zeros {
  explicit Zeros(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) count[i % 4] += text[i] == '\0';
    all = count[0] + count[1] + count[2] + count[3];
    are_many = text.size() >= 4 && all >= text.size() / 4;
  }

  size_t count[4] = {};
  size_t all = 0;
  bool are_many = false;
};

// Says what text with many zero bytes is: they are the high bytes of Latin letters.
const char* WideEncoding(const Zeros& zeros, size_t bytes) {
  const size_t even = zeros.count[0] + zeros.count[2];
  const size_t odd = zeros.count[1] + zeros.count[3];
  if (zeros.all > bytes * 5 / 8) return "UTF-32";
  if (odd > 4 * even) return "UTF-16, little endian";
  return even > 4 * odd ? "UTF-16, big endian" : "binary data";
}

// Says what text with a malformed byte at `position` is, if it has no signature.
const char* ByteEncoding(std::string_view text, size_t position) {
  const bool has_characters =
      std::any_of(text.begin(), text.begin() + static_cast<int64_t>(position), IsHigh);
  const std::string rest(text.substr(position, 4));
  if ((has_characters || rest.size() > 1) && (CharacterBytes(rest + "\x80") > rest.size() ||
                                              CharacterBytes(rest + "\x80\x80") > rest.size())) {
    return "UTF-8 whose last character is cut off";
  }
  if (has_characters) return "UTF-8 that is damaged or mixed with another encoding here";
  // Letters with accents stand alone among ASCII letters; those of other scripts stand together.
  size_t alone = 0;
  size_t together = 0;
  bool has_control = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!IsHigh(text[i])) continue;
    const bool has_neighbour =
        (i > 0 && IsHigh(text[i - 1])) || (i + 1 < text.size() && IsHigh(text[i + 1]));
    ++(has_neighbour ? together : alone);
    has_control |= static_cast<unsigned char>(text[i]) < 0xA0;
  }
  if (together > 2 * alone) return "an older encoding such as GB 18030, Shift JIS or Windows-1251";
  return has_control ? "Windows-1252" : "ISO 8859-1 (Latin-1) or Windows-1252";
}

const char* LikelyEncoding(std::string_view text, size_t position) {
  for (const Signature& signature : kSignatures) {
    if (text.starts_with(signature.bytes)) return signature.meaning;
  }
  const Zeros zeros(text);
  if (zeros.are_many) return WideEncoding(zeros, text.size());
  return zeros.all > 0 ? "binary data" : ByteEncoding(text, position);
}

}  // namespace

absl::Status CheckUtf8(std::string_view text, const TextPlace& place) {
  size_t position = WellFormedBytes(text);
  if (position == text.size()) {
    if (!Zeros(text).are_many) return absl::OkStatus();
    position = text.find('\0');
  }
  const int64_t line =
      place.line + std::count(text.begin(), text.begin() + static_cast<int64_t>(position), '\n');
  return absl::InvalidArgumentError(
      fmt::format("{}:{}: expected UTF-8, found the byte 0x{:02X} at position {}; this looks like "
                  "{}",
                  place.file, line, static_cast<unsigned char>(text[position]),
                  place.position + static_cast<int64_t>(position), LikelyEncoding(text, position)));
}

}  // namespace strata::evaluator
