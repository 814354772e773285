// `strata tokenize`: the token ids of a file.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/shared/command.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "evaluator/tokenizer/tokenizer.h"

namespace strata::cli {
namespace {

struct Options {
  std::string model;
  std::string file;
  OutputFormat format = OutputFormat::kTable;
};

absl::Status TokenizeFile(const Options& options) {
  const auto tokenizer = evaluator::OpenTokenizer(options.model);
  if (!tokenizer.ok()) return tokenizer.status();
  const auto text = evaluator::ReadText(options.file, evaluator::TextFormat::kPlain);
  if (!text.ok()) return text.status();
  const std::vector<int32_t> ids = (*tokenizer)->Encode(*text);
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
  CLI::App* verb =
      app->add_subcommand("tokenize", "token ids of a file, without begin or end tokens");
  verb->add_option("--model", options->model,
                   "Hugging Face directory or GGUF file with the tokenizer")
      ->required();
  verb->add_option("file", options->file, "UTF-8 text file")->required();
  AddFormatOption(verb, &options->format);
  verb->callback([=] { *command = [=] { return TokenizeFile(*options); }; });
}

}  // namespace strata::cli
