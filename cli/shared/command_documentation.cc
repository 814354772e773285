#include "cli/shared/command_documentation.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace strata::cli {
namespace {

constexpr size_t kColumns = 100;

// Returns the words of `text` in lines of at most kColumns bytes.
std::string Wrapped(const std::string& text) {
  std::istringstream words(text);
  std::string wrapped, line;
  for (std::string word; words >> word;) {
    if (!line.empty() && line.size() + 1 + word.size() > kColumns) {
      wrapped += line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return wrapped + line + "\n";
}

// A vertical bar would end the cell.
std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c == '\n' ? ' ' : c;
  }
  return cell;
}

std::string Code(std::string_view text) { return fmt::format("`{}`", text); }

// Returns "`a`, `b` or `c`" for "{a,b,c}".
std::string Choices(std::string_view set) {
  std::vector<std::string> choices =
      CLI::detail::split(std::string(set.substr(1, set.size() - 2)), ',');
  std::string text;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) text += i + 1 == choices.size() ? " or " : ", ";
    text += Code(choices[i]);
  }
  return text;
}

// Returns what CLI11 says about a restriction of a value, in plain English.
std::string Restriction(const std::string& text) {
  if (text == "NONNEGATIVE") return "0 or more";
  if (text == "POSITIVE") return "above 0";
  // "INT in [1 - 1024]"
  const size_t open = text.find(" in [");
  const size_t dash = text.find(" - ", open);
  if (open == std::string::npos || dash == std::string::npos || !text.ends_with(']')) return text;
  const size_t low = open + 5, high = dash + 3;
  return fmt::format("{} to {}", text.substr(low, dash - low),
                     text.substr(high, text.size() - 1 - high));
}

// Returns the form of an option's value: "integer, 1 to 1024"; empty for a flag.
std::string ValueOf(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return "";
  // The type, then restrictions, with colons between: "INT:INT in [1 - 1024]".
  const std::vector<std::string> parts = CLI::detail::split(option.get_type_name(), ':');
  std::string value = parts[0] == "INT" || parts[0] == "UINT" ? "integer"
                      : parts[0] == "FLOAT"                   ? "number"
                                                              : "text";
  for (size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].starts_with('{') && parts[i].ends_with('}')) {
      value = Choices(parts[i]);
    } else {
      value += ", " + Restriction(parts[i]);
    }
  }
  if (option.get_delimiter() != '\0') return value + fmt::format("{}...", option.get_delimiter());
  const bool is_repeatable = option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll ||
                             option.get_items_expected_max() > 1;
  return is_repeatable ? value + " ..." : value;
}

// Returns the first long name, which is the one that help texts use.
std::string NameOf(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name(/*positional=*/true);
  return option.get_lnames().empty() ? "-" + option.get_snames().front()
                                     : "--" + option.get_lnames().front();
}

std::string NamesOf(const CLI::Option& option) {
  if (option.get_positional()) return Code(NameOf(option));
  std::string names;
  const auto append = [&names](const std::string& name) {
    names += (names.empty() ? "" : ", ") + Code(name);
  };
  for (const std::string& name : option.get_snames()) append("-" + name);
  for (const std::string& name : option.get_lnames()) append("--" + name);
  return names;
}

std::string DefaultOf(const CLI::Option& option) {
  if (option.get_required()) return "required";
  std::string text = option.get_default_str();
  // CLI11 writes lists as "[a,b]".
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  return text.empty() ? "" : Code(text);
}

// Returns " PREFIX `--a`, `--b`." in the order of the names, because CLI11 orders by address.
std::string Others(const char* prefix, const std::set<CLI::Option*>& options) {
  std::set<std::string> names;
  for (const CLI::Option* option : options) names.insert(Code(NameOf(*option)));
  if (names.empty()) return "";
  return fmt::format(" {} {}.", prefix, CLI::detail::join(names, ", "));
}

std::string MeaningOf(const CLI::Option& option) {
  std::string meaning = option.get_description();
  meaning += Others("Needs", option.get_needs());
  meaning += Others("Excludes", option.get_excludes());
  if (!option.get_envname().empty()) {
    meaning += fmt::format(" Environment variable: {}.", Code(option.get_envname()));
  }
  return meaning;
}

// Returns the visible options of a verb without --help, the positional ones first.
std::vector<const CLI::Option*> VisibleOptions(const CLI::App& verb) {
  std::vector<const CLI::Option*> options = verb.get_options([&](const CLI::Option* option) {
    return !option->get_group().empty() && option != verb.get_help_ptr();
  });
  std::stable_partition(options.begin(), options.end(),
                        [](const CLI::Option* option) { return option->get_positional(); });
  return options;
}

std::vector<const CLI::App*> VisibleVerbs(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* verb) { return !verb->get_group().empty(); });
}

// Returns "strata export run [options]".
std::string Usage(const std::string& path, const std::vector<const CLI::Option*>& options) {
  std::string usage = path;
  for (const CLI::Option* option : options) {
    if (!option->get_positional()) continue;
    std::string name = NameOf(*option);
    if (option->get_items_expected_max() > 1) name += "...";
    usage += option->get_required() ? " " + name : fmt::format(" [{}]", name);
  }
  const bool has_options = !options.empty() && !options.back()->get_positional();
  return usage + (has_options ? " [options]" : "");
}

std::string OptionTable(const std::vector<const CLI::Option*>& options) {
  std::string table = "| argument | value | default | meaning |\n|---|---|---|---|\n";
  for (const CLI::Option* option : options) {
    table += fmt::format("| {} | {} | {} | {} |\n", NamesOf(*option), Cell(ValueOf(*option)),
                         Cell(DefaultOf(*option)), Cell(MeaningOf(*option)));
  }
  return table;
}

// Returns the section of a verb and those of its own verbs.
std::string Section(const CLI::App& verb, const std::string& path, const std::string& heading) {
  std::string text = fmt::format("\n{} {}\n\n{}", heading, path, Wrapped(verb.get_description()));
  const std::vector<const CLI::App*> verbs = VisibleVerbs(verb);
  const std::vector<const CLI::Option*> options = VisibleOptions(verb);
  if (verbs.empty()) text += fmt::format("\n```\n{}\n```\n", Usage(path, options));
  if (!options.empty()) text += "\n" + OptionTable(options);
  for (const CLI::App* own : verbs) {
    text += Section(*own, path + " " + own->get_name(), heading + "#");
  }
  return text;
}

// Returns one row per verb, with a link to its section.
std::string VerbTable(const CLI::App& app) {
  std::string table = "| verb | what it does |\n|---|---|\n";
  for (const CLI::App* verb : VisibleVerbs(app)) {
    table += fmt::format("| [{}](#{}-{}) | {} |\n", Code(verb->get_name()), app.get_name(),
                         verb->get_name(), Cell(verb->get_description()));
  }
  return table;
}

}  // namespace

std::string CommandReference(const CLI::App& app) {
  const std::string& name = app.get_name();
  std::string page = "# Commands\n\n";
  page +=
      Wrapped(fmt::format("Generated by `{} reference`; a test compares it. To change this "
                          "page, change the definitions in `cli/` and write it again.",
                          name));
  page += "\n" + Wrapped(app.get_description());
  page += "\n" + Wrapped(fmt::format(
                     "Every verb also takes `--help`, and `{} --version` prints the version. In "
                     "the tables, `...` marks what can be given several times: an argument that "
                     "takes several values or an option that can be repeated; `,...` marks a list "
                     "with commas between its elements.",
                     name));
  page += "\n" + VerbTable(app);
  for (const CLI::App* verb : VisibleVerbs(app)) {
    page += Section(*verb, name + " " + verb->get_name(), "##");
  }
  return page;
}

}  // namespace strata::cli
