// Small bank files for tests.
#ifndef STRATA_TESTS_EVALUATOR_BANKS_BANK_TEST_SUPPORT_H_
#define STRATA_TESTS_EVALUATOR_BANKS_BANK_TEST_SUPPORT_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

#include "evaluator/banks/bank_writer.h"

namespace strata::evaluator {

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

inline BankLayout SmallLayout(const std::string& model = "a") {
  return BankLayout({{{"contents", "test"}, {"model", model}}},
                    {{"first", 100}, {"nothing", 0}, {"third", 64}, {"fourth", 1}});
}

// Returns the bytes of entry `index` of a layout.
inline std::string EntryBytes(const BankLayout& layout, int index) {
  std::string bytes;
  for (int64_t i = 0; i < layout.entries()[index].bytes; ++i) {
    bytes += static_cast<char>(17 * i + 31 * index + 5);
  }
  return bytes;
}

inline absl::Status AppendNext(BankWriter& writer) {
  const std::string bytes = EntryBytes(writer.layout(), writer.next());
  return writer.Append(std::as_bytes(std::span(bytes)));
}

// Appends all entries that are still missing.
inline absl::Status AppendAll(BankWriter& writer) {
  while (writer.next() < static_cast<int>(writer.layout().entries().size())) {
    if (absl::Status status = AppendNext(writer); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Builds a whole bank file.
inline void BuildSmall(const std::string& path, const BankLayout& layout = SmallLayout()) {
  const auto file = OpenOrBuildBank(path, layout, AppendAll, nullptr);
  ASSERT_TRUE(file.ok()) << file.status();
}

}  // namespace strata::evaluator

#endif  // STRATA_TESTS_EVALUATOR_BANKS_BANK_TEST_SUPPORT_H_
