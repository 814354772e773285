// The files of a Hugging Face directory that hold no weights, and are copied with a model.
#ifndef STRATA_EVALUATOR_CHECKPOINT_COPIED_FILES_H_
#define STRATA_EVALUATOR_CHECKPOINT_COPIED_FILES_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/checkpoint/checkpoint_writer.h"

namespace strata::evaluator {

// config.json, the tokenizer and every other file of a directory, with additional_chat_templates/
// as the only subfolder. Files of weights and CheckpointWriterOptions::left_out are not among them.
class CopiedFiles {
 public:
  // Errors of FileStatus if the folder cannot be listed.
  static absl::StatusOr<CopiedFiles> Of(const std::string& source,
                                        const CheckpointWriterOptions& options);

  const std::vector<std::string>& names() const { return names_; }
  int64_t bytes() const { return bytes_; }

  // Makes a folder, which must not exist, and copies the files. If the options state a format,
  // config.json states it too. What config.json says of zeros (compressed-tensors) is left out.
  // Errors: DataLoss for a file that cannot be read; those of WriteNewFile.
  absl::Status CopyTo(const std::string& folder) const;

 private:
  absl::Status List(const std::filesystem::path& subfolder, const std::vector<std::string>& left);
  absl::Status Copy(const std::string& name, const std::string& folder) const;
  // Returns the configuration of the copy. Nothing but the stated format and stale keys changes,
  // and without either the text stays as it is.
  std::string Config(const std::string& text) const;

  std::string source_;
  std::optional<NumberFormat> format_;
  std::vector<std::string> names_;
  int64_t bytes_ = 0;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CHECKPOINT_COPIED_FILES_H_
