// Measures how fast tokenizers cut text into ids, on one core:
//   tokenizer_bench TEXTS MODEL... [--benchmark_filter=...]
// TEXTS is a file or a folder of *.txt. MODEL is a GGUF file or a Hugging Face directory. Each
// model is measured on running text, the same text without its spaces, random letters, one repeated
// letter, and random Chinese characters. Each text is used with 256 kB and with 1 MB;
// `bytes_per_second` should not fall with the length.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "evaluator/text/utf8.h"
#include "evaluator/tokenizer/tokenizer.h"

namespace strata::evaluator {
namespace {

constexpr size_t kBytes = size_t{1} << 20;

std::string ReadTexts(const std::string& path) {
  std::vector<std::filesystem::path> files = {path};
  if (std::filesystem::is_directory(path)) {
    files.assign(std::filesystem::directory_iterator(path), {});
    std::sort(files.begin(), files.end());
  }
  std::stringstream text;
  for (const auto& file : files) {
    if (file.extension() == ".txt") text << std::ifstream(file, std::ios::binary).rdbuf();
  }
  return std::move(text).str();
}

std::string RandomCharacters(uint32_t first, uint32_t count) {
  std::mt19937 random(1);
  std::string text;
  while (text.size() < kBytes) AppendCharacter(first + random() % count, text);
  return text;
}

struct NamedText {
  const char* name;
  std::string text;
};

std::vector<NamedText> Texts(const std::string& path) {
  const std::string running = ReadTexts(path);
  std::string joined = running;
  std::erase_if(joined, [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; });
  return {{"running", running},
          {"joined", std::move(joined)},
          {"random_letters", RandomCharacters('a', 26)},
          {"one_letter", std::string(kBytes, 'a')},
          {"chinese", RandomCharacters(0x4E00, 0x5200)}};
}

void Encode(benchmark::State& state, const Tokenizer& tokenizer, std::string_view text) {
  size_t tokens = 0;
  for (auto _ : state) tokens = tokenizer.Encode(text).size();
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
  state.counters["tokens"] = static_cast<double>(tokens);
}

int Run(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc < 3) {
    fmt::print(stderr, "usage: {} TEXTS MODEL...\n", argv[0]);
    return 2;
  }
  const std::vector<NamedText> texts = Texts(argv[1]);
  for (int i = 2; i < argc; ++i) {
    auto opened = OpenTokenizer(argv[i]);
    if (!opened.ok()) {
      fmt::print(stderr, "{}\n", std::string(opened.status().message()));
      return 2;
    }
    const std::shared_ptr<Tokenizer> tokenizer = *std::move(opened);
    const std::string model = std::filesystem::path(argv[i]).filename();
    for (const NamedText& named : texts) {
      for (const size_t bytes : {kBytes / 4, kBytes}) {
        const auto part = std::string_view(named.text).substr(0, bytes);
        benchmark::RegisterBenchmark(
            fmt::format("{}/{}/{}", model, named.name, part.size()).c_str(),
            [tokenizer, part](benchmark::State& state) { Encode(state, *tokenizer, part); })
            ->Unit(benchmark::kMillisecond)
            ->MinTime(0.2);
      }
    }
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace strata::evaluator

int main(int argc, char** argv) { return strata::evaluator::Run(argc, argv); }
