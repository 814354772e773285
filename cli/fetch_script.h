// The program that fetches models and texts, scripts/fetch.py, as part of this one.
#ifndef STRATA_CLI_FETCH_SCRIPT_H_
#define STRATA_CLI_FETCH_SCRIPT_H_

namespace strata::cli {

extern const char* const kFetchScript;

}  // namespace strata::cli

#endif  // STRATA_CLI_FETCH_SCRIPT_H_
