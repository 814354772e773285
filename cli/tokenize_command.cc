// `strata tokenize`: prints the token ids of a file.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/shared/command.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "evaluator/tokenizer/tokenizer.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

struct Options {
  std::string model;
  std::string file;
  OutputFormat format = OutputFormat::kTable;
};

absl::Status TokenizeFile(const Options& options) {
  STRATA_ASSIGN_OR_RETURN(const auto tokenizer, evaluator::OpenTokenizer(options.model));
  STRATA_ASSIGN_OR_RETURN(const auto text,
                          evaluator::ReadText(options.file, evaluator::TextFormat::kPlain));
  const std::vector<int32_t> ids = tokenizer->Encode(text);
  if (options.format == OutputFormat::kJson) {
    const nlohmann::ordered_json json = {{"count", ids.size()}, {"ids", ids}};
    fmt::print("{}\n", json.dump());
  } else {
    fmt::print("{} tokens\n{}\n", ids.size(), fmt::join(ids, " "));
  }
  return absl::OkStatus();
}

}  // namespace

void AddTokenizeCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "tokenize", "Prints the token ids of a file, without begin and end tokens.");
  verb->add_option("--model", options->model,
                   "Hugging Face directory or GGUF file with the tokenizer.")
      ->required();
  verb->add_option("file", options->file, "UTF-8 text file.")->required();
  AddFormatOption(verb, &options->format);
  verb->callback([=] { *command = [=] { return TokenizeFile(*options); }; });
}

}  // namespace strata::cli
