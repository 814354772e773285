// The library of published allocation functions, as expressions. Each function has its published
// settings and a few wider amplitudes, so that it is compared at its best. The functions seed every
// search and are shown beside every result. Their rows are in published_functions.cc.
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
  std::string settings;  // "M=5 lambda=0.08"; empty if the function has no numbers to set
  Expression expression;
};

// Measurements that are needed before an expression can be evaluated.
struct Needs {
  bool features = false;       // any feature; needs the model and a calibration text
  bool gradients = false;      // gradients of the loss, for the source G
  bool gradient_free = false;  // losses of perturbed weights, for the source sensitivity
  bool spectra = false;        // singular values of the matrices
  bool distortion = false;     // one run of the model per unit, for the source distortion
  bool slopes = false;         // one pruning and one backward pass, for slope and slopes

  // True if the measurement takes many times the work of a pass over the model.
  bool takes_long() const { return gradients || gradient_free || spectra || distortion || slopes; }

  friend bool operator==(const Needs&, const Needs&) = default;
};
Needs NeedsOf(const Expression& expression);

// The kinds of units for which a function is meant. For other units it gives uniform sparsities or
// equals another function of the library.
struct Granularities {
  bool block = true;
  bool kind = true;    // the attention and the feed-forward part of each block
  bool linear = true;  // single linear layers
};

struct Baseline {
  std::string name;                        // "owl"
  std::string source;                      // paper
  std::vector<BaselineSetting> published;  // published settings, the default first
  std::vector<BaselineSetting> widened;    // settings with further amplitudes

  std::string title;       // "Outlier weighed layerwise sparsity"
  std::string formula;     // "span(-outliers(M), lambda)", with the names of the settings
  std::string words;       // the formula in words
  std::string default_is;  // where the default comes from
  std::string deviation;   // deviation from the paper or its code; empty if there is none
  Granularities granularities;
  Needs needs;
  // False if the function gives n:M patterns. It then does not seed an unstructured search.
  bool unstructured = true;
  std::string left_out;  // reason why no setting fits this layout and target, else empty
};

// Returns every published function, in the order of the documentation. Some settings depend on the
// layout and the target. If no setting is possible, `left_out` gives the reason. `layout` must be
// valid and not empty, and 0 < target_sparsity < 1.
std::vector<Baseline> Library(const UnitLayout& layout, double target_sparsity);

// Measurements that a baseline may need. Gradients and perturbed losses cost many passes of the
// model.
struct BaselineSelection {
  bool gradients = false;
  bool gradient_free = false;
  bool spectra = true;
};

// Returns the functions of the library with which an unstructured search at this granularity is
// compared.
std::vector<Baseline> Baselines(const UnitLayout& layout, double target_sparsity,
                                const BaselineSelection& selection = {});

// Returns the baselines of the blocks of `layout`, for an allocation of finer units. Blockwise
// (blockwise.h) makes them use whole blocks as units. Their names end in "blockwise", for example
// "owl blockwise".
std::vector<Baseline> BlockwiseBaselines(const UnitLayout& layout, double target_sparsity,
                                         const BaselineSelection& selection = {});

// Returns the function that `reference` names: "owl", or "owl M=7 lambda=0.15" with values for any
// of its settings. The values need not be in a grid. Errors: NotFound, with the nearest name, if
// the library has no such name; InvalidArgument for unknown or malformed settings;
// FailedPrecondition if the function has no default for this layout and target.
absl::StatusOr<BaselineSetting> FindPublished(std::string_view reference, const UnitLayout& layout,
                                              double target_sparsity);

}  // namespace strata::expr

#endif  // STRATA_EXPR_BASELINES_H_
