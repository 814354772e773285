// The exported functions against docs/function.schema.json, by the JSON Schema validator of the
// project's Python environment.
#include "cli/report/function_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <map>

#include "cli/config/run_config.h"
#include "cli/shared/output.h"
#include "evaluator/synthetic_evaluator.h"
#include "expr/baselines.h"
#include "expr/expression_json.h"
#include "expr/library_documentation.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

class FunctionJsonTest : public ::testing::Test {
 protected:
  // What the validator says about each of the documents, by name.
  std::map<std::string, std::string> Verdicts(const std::map<std::string, Json>& documents) {
    std::string command = STRATA_SOURCE_DIR "/.venv/bin/python " STRATA_SOURCE_DIR
                                            "/tests/python/validate_json.py " STRATA_SOURCE_DIR
                                            "/docs/function.schema.json";
    for (const auto& [name, document] : documents) {
      std::ofstream(folder_ + "/" + name) << JsonText(document);
      command += " " + folder_ + "/" + name;
    }
    std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    std::string output;
    char buffer[4096];
    while (std::fgets(buffer, sizeof(buffer), pipe) != nullptr) output += buffer;
    EXPECT_EQ(pclose(pipe), 0)
        << "the project's Python needs the package jsonschema: run scripts/setup_test_tools.sh\n"
        << output;
    std::map<std::string, std::string> verdicts;
    for (const auto& [name, document] : documents) {
      const std::string start = folder_ + "/" + name + ": ";
      const size_t at = output.find(start);
      if (at == std::string::npos) continue;
      const size_t verdict = at + start.size();
      verdicts[name] = output.substr(verdict, output.find('\n', verdict) - verdict);
    }
    EXPECT_EQ(verdicts.size(), documents.size()) << output;
    return verdicts;
  }

  // A run with one measured candidate, as a search leaves it.
  std::string Run() {
    const auto store = *search::RunStore::Create(folder_ + "/run");
    const std::string model =
        R"({"name": "small", "digest": ")" + std::string(64, 'a') +
        R"(", "family": "llama", "blocks": 2, "units": [)"
        R"({"name": "0", "parameters": 100, "block": 0, "kind": "block", "fan": 20},)"
        R"({"name": "1", "parameters": 100, "block": 1, "kind": "block", "fan": 20}]})";
    EXPECT_TRUE(store->PutProperty("model", model).ok());
    EXPECT_TRUE(store->PutProperty("text_digest", "b").ok());
    EXPECT_TRUE(store->PutProperty(search::kConfigProperty, RunConfigToYaml(RunConfig())).ok());
    EXPECT_TRUE(store->PutCandidates({Candidate()}).ok());
    return folder_ + "/run";
  }

  static search::StoredCandidate Candidate() {
    search::StoredCandidate candidate;
    candidate.id = 3;
    candidate.text = "ramp(depth, 0.008)";
    candidate.complexity = 2;
    candidate.lineage.origin = "mutation";
    candidate.lineage.parents = {1};
    candidate.allocation = {0.6, 0.8};
    candidate.fitness_nll = 3.0;
    candidate.achieved_sparsity = 0.7;
    return candidate;
  }

  static AppliedFunction Applied(
      evaluator::Granularity granularity = evaluator::Granularity::kKind) {
    AppliedFunction applied;
    const auto evaluator = evaluator::MakeSyntheticEvaluator({2, nullptr});
    applied.model = evaluator->model();
    applied.model.digest = std::string(64, '0');
    applied.granularity = granularity;
    applied.target.sparsity = 0.5;
    const expr::UnitLayout layout = evaluator::LayoutOf(applied.model, applied.granularity);
    applied.function = *ReadFunctionArgument("er", layout, 0.5);
    applied.allocation = *expr::EvaluateAllocation(applied.function.expression,
                                                   expr::FeatureTable(layout), applied.target);
    return applied;
  }

  const TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
};

TEST_F(FunctionJsonTest, EveryExportIsValid) {
  std::map<std::string, Json> documents;
  const expr::UnitLayout layout = expr::DocumentedLayout();
  for (const expr::Baseline& baseline : expr::Library(layout, expr::kDocumentedSparsity)) {
    documents["library-" + baseline.name] =
        FunctionJson(*ReadFunctionArgument(baseline.name, layout, expr::kDocumentedSparsity));
  }
  documents["allocated"] = FunctionJson(Applied());
  const auto exported = FunctionJson(Candidate(), Run());
  ASSERT_TRUE(exported.ok()) << std::string(exported.status().message());
  documents["exported"] = *exported;
  EXPECT_GT(documents.size(), 20u);
  for (const auto& [name, verdict] : Verdicts(documents)) EXPECT_EQ(verdict, "ok") << name;
  for (const auto& [name, document] : documents) {
    const auto read = expr::ExpressionFromJsonText(JsonText(document));
    EXPECT_TRUE(read.ok()) << name << ": " << std::string(read.status().message());
  }
}

TEST_F(FunctionJsonTest, OnlyLinearsHaveARole) {
  std::map<std::string, Json> documents;
  documents["linears"] = FunctionJson(Applied(evaluator::Granularity::kLinear));
  const Json& units = documents["linears"]["allocation"];
  EXPECT_EQ(units[0]["role"], "query");
  EXPECT_EQ(units[6]["role"], "down");
  EXPECT_EQ(Verdicts(documents)["linears"], "ok");
  documents["linears"]["allocation"][0]["role"] = "none";
  EXPECT_NE(Verdicts(documents)["linears"], "ok");
  for (const Json& unit : FunctionJson(Applied())["allocation"]) {
    EXPECT_FALSE(unit.contains("role"));
  }
}

TEST_F(FunctionJsonTest, WhatIsWrongIsRefused) {
  const Json good = FunctionJson(Applied());
  std::map<std::string, Json> documents;
  const auto wrong = [&](const std::string& name, const std::function<void(Json&)>& change) {
    documents[name] = good;
    change(documents[name]);
  };
  wrong("schema", [](Json& json) { json["schema"] = "strata.allocation-function/2"; });
  wrong("expression", [](Json& json) { json.erase("expression"); });
  wrong("tree", [](Json& json) { json["tree"] = "density(fan)"; });
  wrong("node-key", [](Json& json) { json["tree"]["weight"] = 1; });
  wrong("parameter", [](Json& json) { json["tree"]["parameters"]["lambda"] = "big"; });
  wrong("child", [](Json& json) { json["tree"]["children"][0].erase("children"); });
  wrong("sparsity", [](Json& json) { json["allocation"][0]["sparsity"] = 1.0; });
  wrong("parameters", [](Json& json) { json["allocation"][1]["parameters"] = 0; });
  wrong("unit", [](Json& json) { json["allocation"][0].erase("name"); });
  wrong("granularity", [](Json& json) { json["granularity"] = "row"; });
  wrong("model", [](Json& json) { json.erase("model"); });
  wrong("digest", [](Json& json) { json["model"]["digest"] = "0"; });
  wrong("origin", [](Json& json) { json["origin"].erase("kind"); });
  wrong("complexity", [](Json& json) { json["complexity"] = 1.5; });
  documents["good"] = good;
  for (const auto& [name, verdict] : Verdicts(documents)) {
    EXPECT_EQ(verdict == "ok", name == "good") << name << ": " << verdict;
    if (name == "sparsity") {
      EXPECT_THAT(verdict, HasSubstr("$.allocation[0].sparsity"));
    }
  }
}

TEST_F(FunctionJsonTest, CarriesTheAllocation) {
  const Json json = FunctionJson(Applied());
  EXPECT_EQ(json["name"], "er");
  EXPECT_EQ(json["origin"]["kind"], "library");
  EXPECT_EQ(json["granularity"], "kind");
  ASSERT_EQ(json["allocation"].size(), 4u);
  EXPECT_EQ(json["allocation"][1]["name"], "0.feed-forward");
  EXPECT_NEAR(json["mean_sparsity"].get<double>(), 0.5, 1e-12);

  const Json exported = *FunctionJson(Candidate(), Run());
  EXPECT_EQ(exported["name"], "discovered #3");
  EXPECT_EQ(exported["allocation"][1]["sparsity"], 0.8);
  EXPECT_EQ(exported["origin"]["candidate"], 3);
}

}  // namespace
}  // namespace strata::cli
