// Reads settings from YAML and from KEY=VALUE texts into a configuration. Private to the
// configuration.
#ifndef STRATA_CLI_CONFIG_RUN_CONFIG_READER_H_
#define STRATA_CLI_CONFIG_RUN_CONFIG_READER_H_

#include <absl/status/statusor.h>

#include <map>
#include <string>

#include "cli/config/run_config.h"
#include "cli/config/run_config_options.h"

namespace YAML {
class Node;
}

namespace strata::cli {

// Who wrote what is read.
enum class ConfigWriter {
  kPerson,   // warned of old names; refused if a setting no longer exists
  kProgram,  // this or an older version: old names are read, settings that are gone are skipped
};

class RunConfigReader {
 public:
  // `config` must outlive the reader.
  RunConfigReader(ConfigWriter writer, RunConfig* config) : writer_(writer), config_(config) {}

  // Sets everything that the YAML names. `origin` names it in errors and origins. Errors:
  // InvalidArgument with origin:line, the key, what was expected and what was found.
  absl::Status ReadYaml(const std::string& yaml, const std::string& origin);

  // Sets one key, which may have been set before. Errors: InvalidArgument, naming `where`.
  absl::Status Set(const std::string& key, const std::string& text, const std::string& where);

 private:
  absl::Status ReadNode(const YAML::Node& node, const std::string& prefix,
                        const std::string& origin);
  absl::Status ReadValue(const YAML::Node& value, const std::string& key, const std::string& where);

  // Returns the row of a key, by its old or its new name; nullptr for a key that is to be skipped.
  // Errors: InvalidArgument if there is no such key, or if it was given by its other name too.
  absl::StatusOr<const RunConfigOption*> OptionOf(const std::string& name,
                                                  const std::string& where);
  absl::Status Assign(const RunConfigOption& option, const std::string& text,
                      const std::string& where);

  const ConfigWriter writer_;
  RunConfig* const config_;
  std::map<std::string, std::string> given_names_;  // by key
};

}  // namespace strata::cli

#endif  // STRATA_CLI_CONFIG_RUN_CONFIG_READER_H_
