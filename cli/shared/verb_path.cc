#include "cli/shared/verb_path.h"

#include <fmt/format.h>

#include <memory>
#include <string_view>

#include "expr/nearest_name.h"
#include "expr/shortened.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

std::vector<CLI::App*> VerbsOf(CLI::App* app) {
  return app->get_subcommands([](const CLI::App*) { return true; });
}

absl::Status UnknownVerb(const VerbPath& path, const std::string& word) {
  std::vector<std::string_view> known;
  for (const CLI::App* verb : VerbsOf(path.verb)) {
    if (!verb->get_group().empty()) known.emplace_back(verb->get_name());
  }
  return absl::InvalidArgumentError(
      fmt::format("'{}' has no verb '{}'; the nearest is '{}' ({} --help lists all)", path.name,
                  expr::Shortened(word), expr::NearestName(word, known), path.name));
}

// Prints the help of the verb that the words name, which must be used up.
absl::Status PrintHelp(CLI::App* app, const std::vector<std::string>& words) {
  STRATA_ASSIGN_OR_RETURN(const VerbPath path, FindVerb(app, words));
  if (path.words < words.size()) {
    return absl::InvalidArgumentError(fmt::format("'{}' has no verbs of its own, found '{}'",
                                                  path.name, expr::Shortened(words[path.words])));
  }
  fmt::print("{}", path.verb->get_formatter()->make_help(path.verb, path.name,
                                                         CLI::AppFormatMode::Normal));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<VerbPath> FindVerb(CLI::App* app, const std::vector<std::string>& words) {
  VerbPath path{app, app->get_name(), 0};
  for (const std::string& word : words) {
    const std::vector<CLI::App*> verbs = VerbsOf(path.verb);
    if (verbs.empty() || word.starts_with('-')) break;
    CLI::App* next = nullptr;
    for (CLI::App* verb : verbs) {
      if (verb->get_name() == word) next = verb;
    }
    if (next == nullptr) return UnknownVerb(path, word);
    path = {next, path.name + " " + word, path.words + 1};
  }
  return path;
}

std::string UnknownOption(const VerbPath& path, const std::string& option) {
  const std::string name = option.substr(0, option.find('='));
  std::vector<std::string> known;
  for (const CLI::Option* of_verb : path.verb->get_options()) {
    if (of_verb->get_group().empty()) continue;
    for (const std::string& known_name : of_verb->get_lnames()) known.push_back("--" + known_name);
  }
  const std::vector<std::string_view> names(known.begin(), known.end());
  return fmt::format("unknown option '{}' of '{}'; the nearest is '{}'", expr::Shortened(name),
                     path.name, expr::NearestName(name, names));
}

void AddHelpCommand(CLI::App* app, Command* command) {
  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* verb = app->add_subcommand("help", "Explains a verb, or lists all verbs.");
  verb->add_option("verb", *words, "Verb to explain, as in `strata help levels build`.");
  verb->callback([=] { *command = [=] { return PrintHelp(app, *words); }; });
}

void AddVersionCommand(CLI::App* app, Command* command) {
  CLI::App* verb = app->add_subcommand("version", "Prints the version, as --version does.");
  verb->callback([=] {
    *command = [=] {
      fmt::print("{}\n", app->version());
      return absl::OkStatus();
    };
  });
}

}  // namespace strata::cli
