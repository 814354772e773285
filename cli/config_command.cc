// `strata config`: the effective configuration, with the origin of every value.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/config/run_config.h"
#include "cli/shared/command.h"
#include "cli/shared/json_text.h"
#include "cli/shared/table.h"

namespace strata::cli {
namespace {

struct Options {
  std::string path;
  std::vector<std::string> overrides;
  OutputFormat format = OutputFormat::kTable;
  bool show = false;
};

absl::Status ShowConfig(const Options& options) {
  const auto config = LoadRunConfig(options.path, options.overrides);
  if (!config.ok()) return config.status();
  if (options.format == OutputFormat::kJson) {
    nlohmann::ordered_json json;
    for (const ConfigEntry& entry : DescribeRunConfig(*config)) {
      json[entry.key] = {
          {"value", entry.value}, {"origin", entry.origin}, {"meaning", entry.meaning}};
    }
    PrintJson(json);
    return absl::OkStatus();
  }
  Table table({"key", "value", "origin", "meaning"},
              {Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft});
  for (const ConfigEntry& entry : DescribeRunConfig(*config)) {
    table.AddRow({entry.key, entry.value, entry.origin, entry.meaning});
  }
  fmt::print("{}", table.Render());
  return absl::OkStatus();
}

}  // namespace

void AddConfigCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      app->add_subcommand("config", "show every option, its value and where it came from");
  verb->add_option("config", options->path, "configuration file; without it, the defaults");
  verb->add_option("--set", options->overrides, "KEY=VALUE, over the file; repeatable")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_flag("--show", options->show, "print the effective values (what the verb does anyway)");
  AddFormatOption(verb, &options->format);
  verb->callback([=] { *command = [=] { return ShowConfig(*options); }; });
}

}  // namespace strata::cli
