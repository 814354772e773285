// Text of scripts/fetch.py, which fetches models and texts. It is compiled into this program.
#ifndef STRATA_CLI_FETCH_SCRIPT_H_
#define STRATA_CLI_FETCH_SCRIPT_H_

namespace strata::cli {

extern const char* const kFetchScript;

}  // namespace strata::cli

#endif  // STRATA_CLI_FETCH_SCRIPT_H_
