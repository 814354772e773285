#include "cli/shared/function_argument.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "expr/baselines.h"
#include "expr/dsa_string.h"
#include "expr/expression_json.h"
#include "expr/operator_table.h"
#include "expr/shortened.h"

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

// True if only a file can be meant. A quotient such as depth/size is none: it begins with an
// operator or a number.
bool LooksLikeAPath(const std::string& text) {
  if (text.ends_with(".json")) return true;
  if (text.find_first_of(" (") != std::string::npos) return false;
  const bool has_extension = std::adjacent_find(text.begin(), text.end(), [](char a, char b) {
                               return a == '.' && std::isalpha(static_cast<unsigned char>(b));
                             }) != text.end();
  if (has_extension) return true;
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return false;
  const std::string first = text.substr(0, slash);
  const bool is_number = first.find_first_of("0123456789") != std::string::npos &&
                         first.find_first_not_of("0123456789.") == std::string::npos;
  return !is_number && expr::FindOperator(first) == nullptr;
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
          fmt::format("'{}' as a DSA string: {}", expr::Shortened(text), Reason(chain.status())));
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
  if (LooksLikeAPath(text)) {
    return absl::InvalidArgumentError(fmt::format("'{}': there is no such file", text));
  }
  // Only an expression has parentheses, so only the error of the expression matters.
  const std::string shown = expr::Shortened(text);
  if (text.find('(') != std::string::npos) {
    return absl::InvalidArgumentError(fmt::format("'{}': {}", shown, Reason(expression.status())));
  }
  return absl::InvalidArgumentError(
      fmt::format("'{}' is not a function.\n  as a name: {}\n  as an expression: {}", shown,
                  Reason(published.status()), Reason(expression.status())));
}

}  // namespace strata::cli
