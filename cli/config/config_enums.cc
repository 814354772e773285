#include "cli/config/config_enums.h"

#include "evaluator/names.h"

namespace strata::cli {

std::string NameOf(BaselineUnits value) {
  switch (value) {
    case BaselineUnits::kRun:
      return "run";
    case BaselineUnits::kBlock:
      return "block";
    case BaselineUnits::kBoth:
      return "both";
  }
  return "";
}

std::string NameOf(Device value) { return value == Device::kCpu ? "cpu" : ""; }

std::string NameOf(LogFormat value) {
  switch (value) {
    case LogFormat::kText:
      return "text";
    case LogFormat::kJson:
      return "json";
  }
  return "";
}

std::string NameOf(NetworkFileSystem value) {
  switch (value) {
    case NetworkFileSystem::kRefuse:
      return "refuse";
    case NetworkFileSystem::kAllow:
      return "allow";
  }
  return "";
}

std::string NameOf(search::Fsync value) {
  switch (value) {
    case search::Fsync::kCommit:
      return "commit";
    case search::Fsync::kCheckpoint:
      return "checkpoint";
  }
  return "";
}

std::string NameOf(const std::optional<evaluator::Arithmetic>& value) {
  return value ? evaluator::NameOf(*value) : "auto";
}

}  // namespace strata::cli
