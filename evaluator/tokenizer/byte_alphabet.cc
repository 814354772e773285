#include "evaluator/tokenizer/byte_alphabet.h"

#include "evaluator/text/utf8.h"

namespace strata::evaluator {
namespace {

bool StandsForItself(int byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

}  // namespace

ByteAlphabet::ByteAlphabet() {
  byte_of_code_.fill(-1);
  int next_code = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const int code = StandsForItself(byte) ? byte : next_code++;
    AppendCharacter(static_cast<uint32_t>(code), symbols_[byte]);
    byte_of_code_[code] = byte;
  }
}

std::optional<std::string> ByteAlphabet::Bytes(std::string_view symbols) const {
  std::string bytes;
  while (!symbols.empty()) {
    const size_t size = CharacterBytes(symbols);
    if (size != 1 && size != 2) return std::nullopt;  // the alphabet ends below code point 0x800
    const auto lead = static_cast<unsigned char>(symbols[0]);
    const size_t code = size == 1 ? lead : (lead & 0x1Fu) << 6 | (symbols[1] & 0x3Fu);
    if (code >= byte_of_code_.size() || byte_of_code_[code] < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(byte_of_code_[code]));
    symbols.remove_prefix(size);
  }
  return bytes;
}

}  // namespace strata::evaluator
