// The library of published allocation functions as expressions, each with the settings it was
// published with and a few wider amplitudes, so that a comparison is against it at its best. They
// seed every search and are shown beside every result. The rows are in published_functions.cc.
#ifndef STRATA_EXPR_BASELINES_H_
#define STRATA_EXPR_BASELINES_H_

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

#include "expr/expression.h"
#include "expr/unit_layout.h"

namespace strata::expr {

struct BaselineSetting {
  std::string settings;  // "M=5 lambda=0.08"; empty where the function has no numbers to set
  Expression expression;
};

// What must be measured before an expression can be evaluated.
struct Needs {
  bool features = false;       // anything at all: the model and a calibration text
  bool gradients = false;      // of the loss: the source G
  bool gradient_free = false;  // losses of perturbed weights: the source sensitivity
  bool spectra = false;        // singular values of the matrices
  bool distortion = false;     // the model run once for each unit: the source distortion
  bool slopes = false;         // a pruning and a backward pass: the source slope

  friend bool operator==(const Needs&, const Needs&) = default;
};
Needs NeedsOf(const Expression& expression);

// The kinds of units at which a function says something: at others it is pointless, because it
// gives uniform sparsities or another function of the library.
struct Granularities {
  bool block = true;
  bool kind = true;    // attention and feed-forward part of each block
  bool linear = true;  // single linear layers
};

struct Baseline {
  std::string name;                        // "owl"
  std::string source;                      // paper
  std::vector<BaselineSetting> published;  // the default first
  std::vector<BaselineSetting> widened;    // further amplitudes

  std::string title;       // "Outlier weighed layerwise sparsity"
  std::string formula;     // "span(-outliers(M), lambda)", with the names of the settings
  std::string words;       // the formula in words
  std::string default_is;  // where the default comes from
  std::string deviation;   // from the paper or its code; empty if there is none
  Granularities granularities;
  Needs needs;
  bool unstructured = true;  // false: gives n:M patterns, no seed of an unstructured search
  std::string left_out;      // why there is no setting for this layout and target; else empty
};

// Every published function, in the order of the documentation. The settings of some depend on the
// layout and the target; where none is possible, `left_out` says why. The layout is valid and not
// empty, 0 < target_sparsity < 1.
std::vector<Baseline> Library(const UnitLayout& layout, double target_sparsity);

// What may be measured for a baseline. Gradients and perturbed losses cost many passes of the
// model.
struct BaselineSelection {
  bool gradients = false;
  bool gradient_free = false;
  bool spectra = true;
};

// Those of the library that an unstructured search at this granularity is to be compared with.
std::vector<Baseline> Baselines(const UnitLayout& layout, double target_sparsity,
                                const BaselineSelection& selection = {});

// The same functions with whole blocks as their units, for an allocation of finer ones: those of
// Baselines for the blocks of `layout`, as Blockwise (blockwise.h) writes them, called
// "owl blockwise".
std::vector<Baseline> BlockwiseBaselines(const UnitLayout& layout, double target_sparsity,
                                         const BaselineSelection& selection = {});

// The function `reference` names: "owl", or "owl M=7 lambda=0.15" with any of its settings given,
// also to values that are in no grid. NotFound, with the nearest name, if the library has no such
// name; InvalidArgument for unknown or misshapen settings; FailedPrecondition if there is no
// default for this layout and target.
absl::StatusOr<BaselineSetting> FindPublished(std::string_view reference, const UnitLayout& layout,
                                              double target_sparsity);

}  // namespace strata::expr

#endif  // STRATA_EXPR_BASELINES_H_
