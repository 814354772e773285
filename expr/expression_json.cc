#include "expr/expression_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "expr/dsa_string.h"
#include "expr/latex.h"
#include "expr/nearest_name.h"
#include "expr/reading.h"
#include "expr/shortened.h"
#include "expr/status_macros.h"

namespace strata::expr {
namespace {

// JSON is read into sorted objects. Objects that keep their order take quadratic time if they have
// many keys.
using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr auto kReplace = Json::error_handler_t::replace;

// Returns the beginning of a value as it is written in JSON.
std::string Shown(const Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return fmt::format("an array of {}", value.size());
  return Shortened(value.dump(-1, ' ', false, kReplace));
}

absl::Status Unexpected(const std::string& path, const std::string& expected, const Json* found) {
  return absl::InvalidArgumentError(fmt::format("{}: expected {}, found {}", path, expected,
                                                found == nullptr ? "nothing" : Shown(*found)));
}

// Shows both texts from shortly before their first difference, because they may be long.
absl::Status OtherText(std::string_view expected, std::string_view found) {
  const auto differing =
      std::mismatch(expected.begin(), expected.end(), found.begin(), found.end());
  const auto equal = static_cast<size_t>(differing.first - expected.begin());
  constexpr size_t kShownBefore = 20;
  const size_t from = equal <= kShownBefore ? 0 : equal - kShownBefore;
  const char* const dots = from == 0 ? "" : "...";
  return absl::InvalidArgumentError(
      fmt::format("$.expression: expected the text of $.tree, '{}{}', found '{}{}'", dots,
                  Shortened(expected.substr(from)), dots, Shortened(found.substr(from))));
}

const Json* Member(const Json& object, const char* key) {
  const auto member = object.find(key);
  return member == object.end() ? nullptr : &*member;
}

absl::StatusOr<std::string> Text(const Json& object, const char* key, const std::string& path) {
  const Json* member = Member(object, key);
  if (member == nullptr || !member->is_string()) {
    return Unexpected(path + "." + key, "a string", member);
  }
  return member->get<std::string>();
}

class TreeReader {
 public:
  absl::StatusOr<Expression> Read(const Json& node, const std::string& path, int depth) {
    if (depth > kMaximumDepth) {
      return absl::InvalidArgumentError(
          fmt::format("{}: expected at most {} levels", path, kMaximumDepth));
    }
    if (++nodes_ > kMaximumNodes) {
      return absl::InvalidArgumentError(
          fmt::format("{}: expected at most {} nodes", path, kMaximumNodes));
    }
    if (!node.is_object()) return Unexpected(path, "an object with an operator", &node);
    STRATA_RETURN_IF_ERROR(CheckKeys(node, path));
    const absl::StatusOr<std::string> name = Text(node, "operator", path);
    if (!name.ok()) return name.status();
    const Operator* row = FindOperator(*name);
    if (row == nullptr || row->name != *name) {
      return absl::InvalidArgumentError(
          fmt::format("{}.operator: unknown operator '{}', the nearest known name is '{}'", path,
                      Shortened(*name), NearestOperatorName(*name)));
    }
    Expression expression{IdOf(row->name), {}, {}};
    STRATA_RETURN_IF_ERROR(ReadParameters(*row, node, path, &expression));
    STRATA_RETURN_IF_ERROR(ReadChildren(*row, node, path, depth, &expression));
    return expression;
  }

 private:
  static absl::Status CheckKeys(const Json& node, const std::string& path) {
    for (const auto& [key, value] : node.items()) {
      if (key != "operator" && key != "parameters" && key != "children") {
        return absl::InvalidArgumentError(
            fmt::format("{}: expected the keys operator, parameters, children, found '{}'", path,
                        Shortened(key)));
      }
    }
    return absl::OkStatus();
  }

  static absl::Status ReadParameters(const Operator& row, const Json& node, const std::string& path,
                                     Expression* expression) {
    const Json* parameters = Member(node, "parameters");
    const std::string place = path + ".parameters";
    if (parameters == nullptr || !parameters->is_object() ||
        parameters->size() != row.parameters.size()) {
      return Unexpected(
          place,
          fmt::format("an object of the {} numbers of '{}'", row.parameters.size(), row.name),
          parameters);
    }
    for (const OperatorParameter& parameter : row.parameters) {
      const std::string key(parameter.name);
      const Json* value = Member(*parameters, key.c_str());
      if (value == nullptr || !value->is_number()) {
        return Unexpected(place + "." + key, "a number", value);
      }
      expression->parameters.push_back(value->get<double>());
    }
    return absl::OkStatus();
  }

  absl::Status ReadChildren(const Operator& row, const Json& node, const std::string& path,
                            int depth, Expression* expression) {
    const Json* children = Member(node, "children");
    const std::string place = path + ".children";
    if (children == nullptr || !children->is_array() ||
        children->size() != static_cast<size_t>(row.arity)) {
      return Unexpected(
          place, fmt::format("an array of the {} operands of '{}'", row.arity, row.name), children);
    }
    for (size_t i = 0; i < children->size(); ++i) {
      STRATA_ASSIGN_OR_RETURN(Expression child,
                              Read((*children)[i], fmt::format("{}[{}]", place, i), depth + 1));
      expression->children.push_back(std::move(child));
    }
    return absl::OkStatus();
  }

  int nodes_ = 0;
};

absl::Status CheckAgreement(const Json& json, const Expression& expression) {
  const absl::StatusOr<std::string> text = Text(json, "expression", "$");
  if (!text.ok()) return text.status();
  const absl::StatusOr<Expression> parsed = ParseExpression(*text);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("$.expression: {}", std::string(parsed.status().message())));
  }
  if (*parsed != expression) {
    return OtherText(PrintExpression(expression), PrintExpression(*parsed));
  }
  const Json* complexity = Member(json, "complexity");
  if (complexity != nullptr && *complexity != Complexity(expression)) {
    return Unexpected("$.complexity",
                      fmt::format("{}, the nodes of $.tree", Complexity(expression)), complexity);
  }
  if (const Json* dsa = Member(json, "dsa")) {
    const absl::StatusOr<Expression> chain = dsa->is_string()
                                                 ? ParseDsaString(dsa->get<std::string>())
                                                 : absl::InvalidArgumentError("not a string");
    if (!chain.ok() || *chain != expression) {
      return Unexpected("$.dsa", "a DSA string of the same function", dsa);
    }
  }
  return absl::OkStatus();
}

// Returns the depth of nested brackets outside strings. The text need not be valid JSON.
int Nesting(std::string_view text) {
  int nesting = 0;
  int deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++nesting);
    } else if (c == '}' || c == ']') {
      --nesting;
    }
  }
  return deepest;
}

}  // namespace

OrderedJson ExpressionTreeJson(const Expression& expression) {
  const Operator& row = OperatorOf(expression.op);
  OrderedJson json;
  json["operator"] = std::string(row.name);
  json["parameters"] = OrderedJson::object();
  for (size_t i = 0; i < expression.parameters.size(); ++i) {
    json["parameters"][std::string(row.parameters[i].name)] = expression.parameters[i];
  }
  json["children"] = OrderedJson::array();
  for (const Expression& child : expression.children) {
    json["children"].push_back(ExpressionTreeJson(child));
  }
  return json;
}

OrderedJson ExpressionJson(const Expression& expression) {
  OrderedJson json = {{"schema", kFunctionSchema},
                      {"expression", PrintExpression(expression)},
                      {"latex", ToLatex(expression)},
                      {"words", ReadingOf(expression)},
                      {"complexity", Complexity(expression)},
                      {"tree", ExpressionTreeJson(expression)}};
  if (const auto dsa = PrintDsaString(expression); dsa.ok()) json["dsa"] = *dsa;
  return json;
}

absl::StatusOr<Expression> ExpressionFromJson(const Json& json) {
  if (!json.is_object()) return Unexpected("$", "an object", &json);
  STRATA_ASSIGN_OR_RETURN(const std::string schema, Text(json, "schema", "$"));
  if (schema != kFunctionSchema) {
    return Unexpected("$.schema", fmt::format("\"{}\"", kFunctionSchema), &json["schema"]);
  }
  const Json* tree = Member(json, "tree");
  if (tree == nullptr) return Unexpected("$.tree", "an object with an operator", tree);
  absl::StatusOr<Expression> expression = TreeReader().Read(*tree, "$.tree", 1);
  if (!expression.ok()) return expression;
  if (absl::Status status = Validate(*expression); !status.ok()) {
    return absl::InvalidArgumentError(fmt::format("$.tree: {}", std::string(status.message())));
  }
  if (TypeOf(*expression) != ValueType::kAllocation) {
    return absl::InvalidArgumentError(
        fmt::format("$.tree: expected a function that gives sparsities, found '{}'",
                    Shortened(PrintExpression(*expression))));
  }
  STRATA_RETURN_IF_ERROR(CheckAgreement(json, *expression));
  return expression;
}

absl::StatusOr<Expression> ExpressionFromJsonText(std::string_view text) {
  if (text.size() > kMaximumJsonBytes) {
    return absl::InvalidArgumentError(
        fmt::format("expected at most {} bytes of JSON, found {}", kMaximumJsonBytes, text.size()));
  }
  if (const int nesting = Nesting(text); nesting > kMaximumJsonNesting) {
    return absl::InvalidArgumentError(fmt::format("expected JSON nested at most {} deep, found {}",
                                                  kMaximumJsonNesting, nesting));
  }
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception& error) {
    const std::string what = error.what();
    const size_t reason = what.find(']');  // after the library's own name for the error
    return absl::InvalidArgumentError(fmt::format(
        "expected JSON,{}", reason == std::string::npos ? what : what.substr(reason + 1)));
  }
  return ExpressionFromJson(json);
}

}  // namespace strata::expr
