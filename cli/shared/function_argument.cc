#include "cli/shared/function_argument.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "expr/baselines.h"
#include "expr/dsa_string.h"
#include "expr/expression_json.h"

namespace strata::cli {
namespace {

namespace fs = std::filesystem;

std::string Reason(const absl::Status& status) { return std::string(status.message()); }

absl::StatusOr<FunctionArgument> ReadFile(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  if (file && content.str().empty()) {
    return absl::InvalidArgumentError(
        fmt::format("'{}': expected a function JSON, found an empty file", path));
  }
  if (!file || content.fail()) {
    return absl::InvalidArgumentError(fmt::format("'{}': the file cannot be read", path));
  }
  absl::StatusOr<expr::Expression> expression = expr::ExpressionFromJsonText(content.str());
  if (!expression.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' is no function JSON: {}", path, Reason(expression.status())));
  }
  const std::string text = expr::PrintExpression(*expression);
  return FunctionArgument{*std::move(expression), text, "file", path};
}

std::string SourceOf(const std::string& name, const expr::UnitLayout& layout, double target) {
  for (const expr::Baseline& baseline : expr::Library(layout, target)) {
    if (baseline.name == name) return baseline.source;
  }
  return "";
}

bool LooksLikeAPath(const std::string& text) {
  return text.find(' ') == std::string::npos && text.find('(') == std::string::npos &&
         (text.find('/') != std::string::npos || text.ends_with(".json"));
}

}  // namespace

CLI::Option* AddFunctionOption(CLI::App* subcommand, std::vector<std::string>* words) {
  return subcommand
      ->add_option("FUNCTION", *words,
                   "Name that `strata functions` lists, with any settings (owl M=7), an "
                   "expression, a DSA string, or a function JSON file.")
      ->required();
}

absl::StatusOr<FunctionArgument> ReadFunctionArgument(const std::string& text,
                                                      const expr::UnitLayout& layout,
                                                      double target_sparsity) {
  std::error_code ignored;
  if (fs::is_regular_file(text, ignored)) return ReadFile(text);
  if (LooksLikeAPath(text) && fs::exists(text, ignored)) {
    return absl::InvalidArgumentError(
        fmt::format("'{}': expected a function JSON file, found something else than a file", text));
  }
  if (text.starts_with("W:")) {
    absl::StatusOr<expr::Expression> chain = expr::ParseDsaString(text);
    if (!chain.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("'{}' as a DSA string: {}", text.substr(0, 80), Reason(chain.status())));
    }
    return FunctionArgument{*std::move(chain), text, "dsa", ""};
  }
  absl::StatusOr<expr::BaselineSetting> published =
      expr::FindPublished(text, layout, target_sparsity);
  if (published.ok()) {
    const std::string name = text.substr(text.find_first_not_of(' '));
    const std::string first = name.substr(0, name.find(' '));
    return FunctionArgument{std::move(published->expression),
                            published->settings.empty() ? first : first + " " + published->settings,
                            "library", SourceOf(first, layout, target_sparsity)};
  }
  // The name is known, so the user means a library function.
  if (!absl::IsNotFound(published.status())) return published.status();
  absl::StatusOr<expr::Expression> expression = expr::ParseExpression(text);
  if (expression.ok()) {
    const std::string printed = expr::PrintExpression(*expression);
    return FunctionArgument{*std::move(expression), printed, "expression", ""};
  }
  // Only an expression has parentheses, so only the error of the expression matters.
  if (text.find('(') != std::string::npos) {
    return absl::InvalidArgumentError(fmt::format("'{}{}': {}", text.substr(0, 200),
                                                  text.size() > 200 ? "..." : "",
                                                  Reason(expression.status())));
  }
  std::string message = fmt::format("'{}' is not a function.\n", text.substr(0, 200));
  if (LooksLikeAPath(text)) message += fmt::format("  as a file: there is no file '{}'\n", text);
  message += fmt::format("  as a name: {}\n  as an expression: {}", Reason(published.status()),
                         Reason(expression.status()));
  return absl::InvalidArgumentError(message);
}

}  // namespace strata::cli
