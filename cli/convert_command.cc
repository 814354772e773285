// `strata convert`: writes the linears of a model as bitmaps, or dense again.
#include <fmt/format.h>

#include <memory>

#include "cli/shared/command.h"
#include "cli/shared/work_progress.h"
#include "evaluator/checkpoint/checkpoint_conversion.h"
#include "evaluator/files/output_file.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

struct Options {
  evaluator::ConversionOptions conversion;
  double shard_gigabytes = 5;
  std::string output;
};

absl::Status Convert(Options options) {
  options.conversion.shard_bytes = static_cast<int64_t>(options.shard_gigabytes * 1e9);
  STRATA_ASSIGN_OR_RETURN(auto output, evaluator::UnfinishedOutput::At(options.output));
  WatchForInterrupt();
  WorkProgress progress("converting");
  const absl::Status status =
      evaluator::ConvertCheckpoint(options.conversion, output.path(), [&](double fraction) {
        progress.Show(fraction);
        return !InterruptRequested();
      });
  progress.Finish();
  STRATA_RETURN_IF_ERROR(status);
  return output.Commit();
}

}  // namespace

void AddConvertCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "convert", "Writes the linears of a pruned model as bitmaps, or dense again, without loss.");
  verb->add_option("model", options->conversion.source,
                   "Hugging Face directory, dense or with bitmaps.")
      ->required();
  verb->add_option_function<std::string>(
          "--to",
          [options](const std::string& form) { options->conversion.to_bitmap = form == "bitmap"; },
          "Form of the linears: bitmap | dense.")
      ->check(CLI::IsMember({"bitmap", "dense"}))
      ->required();
  verb->add_option("--shard-size", options->shard_gigabytes,
                   "Largest size of the tensors in one safetensors file, in gigabytes. With "
                   "bitmaps every block has a file of its own.")
      ->check(CLI::Range(1e-6, 1e6))
      ->capture_default_str();
  verb->add_option("-o,--output", options->output,
                   "Path of the new directory, which must not exist yet.")
      ->required();
  verb->callback([=] { *command = [=] { return Convert(*options); }; });
}

}  // namespace strata::cli
