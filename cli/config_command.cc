// `strata config`: shows the effective configuration, with the origin of every value.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/config/run_config.h"
#include "cli/shared/command.h"
#include "cli/shared/output.h"
#include "cli/shared/terminal.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

struct Options {
  std::string path;
  std::vector<std::string> overrides;
  OutputFormat format = OutputFormat::kTable;
  bool wide = false;
  bool all = false;
  bool show = false;
};

nlohmann::ordered_json ToJson(const std::vector<ConfigEntry>& entries) {
  nlohmann::ordered_json json;
  for (const ConfigEntry& entry : entries) {
    json[entry.key] = {{"value", entry.value},
                       {"origin", entry.origin},
                       {"meaning", entry.meaning},
                       {"basic", entry.is_basic}};
  }
  return json;
}

// Returns a row for each basic setting and for each one that was set, or for all.
std::string ToText(const std::vector<ConfigEntry>& entries, bool all, const Page& page) {
  Table table({"key", "value", "origin", "meaning"},
              {Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft});
  table.GiveWay(3);
  table.GiveWay(1);
  table.GiveWay(2);
  int hidden = 0;
  for (const ConfigEntry& entry : entries) {
    if (all || entry.is_basic || entry.origin != "default") {
      table.AddRow({entry.key, entry.value, entry.origin, entry.meaning});
    } else {
      ++hidden;
    }
  }
  if (hidden == 0) return table.Render(page);
  return table.Render(page) +
         Folded(fmt::format("{} more settings have their defaults; --all shows them\n", hidden),
                page);
}

absl::Status ShowConfig(const Options& options) {
  STRATA_ASSIGN_OR_RETURN(const auto config, LoadRunConfig(options.path, options.overrides));
  const std::vector<ConfigEntry> entries = DescribeRunConfig(config);
  if (options.format == OutputFormat::kJson) {
    PrintJson(ToJson(entries));
  } else {
    fmt::print("{}", ToText(entries, options.all, OutputPage(options.wide)));
  }
  return absl::OkStatus();
}

}  // namespace

void AddConfigCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      app->add_subcommand("config", "Shows settings, their values and where they came from.");
  verb->add_option("config", options->path,
                   "Configuration file. Without it, the defaults are shown.");
  verb->add_option("--set", options->overrides,
                   "KEY=VALUE that overrides the file; can be repeated.")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_flag("--all", options->all,
                 "Show every setting, not only the basic ones and those that were set. JSON always "
                 "holds all.");
  verb->add_flag("--show", options->show, "Print the effective values, as the verb does anyway.");
  AddFormatOption(verb, &options->format);
  AddWideOption(verb, &options->wide);
  verb->callback([=] { *command = [=] { return ShowConfig(*options); }; });
}

}  // namespace strata::cli
