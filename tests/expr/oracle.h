// Content of tests/oracles/expr/allocation.json: results of the reference repositories for
// SmolLM2-135M.
#ifndef STRATA_TESTS_EXPR_ORACLE_H_
#define STRATA_TESTS_EXPR_ORACLE_H_

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "expr/feature_table.h"

namespace strata::expr {

inline constexpr int kOracleBlocks = 30;
inline constexpr int64_t kOracleBlockSize = 3538944;

inline nlohmann::json Oracle() {
  std::ifstream file(STRATA_SOURCE_DIR "/tests/oracles/expr/allocation.json");
  return nlohmann::json::parse(file);
}

inline FeatureTable OracleTable() {
  return FeatureTable(SquareBlocks(std::vector<int64_t>(kOracleBlocks, kOracleBlockSize)));
}

}  // namespace strata::expr

#endif  // STRATA_TESTS_EXPR_ORACLE_H_
