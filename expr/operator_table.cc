#include "expr/operator_table.h"

#include <bit>
#include <cstdio>
#include <cstdlib>

namespace strata::expr {
namespace {

using Kind = OperatorKind;
constexpr DomainRule kTotal = DomainRule::kTotal;
constexpr DomainRule kIeee = DomainRule::kIeee;

constexpr OperatorParameter kValue[] = {{"value", -1000, 1000, 1, 0}};
constexpr OperatorParameter kMultiple[] = {{"M", 2, 20, 5, 1}};
constexpr OperatorParameter kLambda[] = {{"lambda", 0.005, 0.5, 0.08, 0}};
constexpr OperatorParameter kBeta[] = {{"beta", 0.0001, 0.1, 0.008, 0}};
constexpr OperatorParameter kBox[] = {{"lower", 0.01, 0.5, 0.2, 0}, {"upper", 0.01, 0.5, 0.2, 0}};
constexpr std::span<const OperatorParameter> kNone = {};

constexpr std::string_view kDsa = "DSA, lib/autolayer.py";
constexpr std::string_view kStrata = "Strata";
constexpr std::string_view kWanda = "Wanda, arXiv 2306.11695";
constexpr std::string_view kOwl = "OWL, arXiv 2310.05175";
constexpr std::string_view kAls = "ALS, NeurIPS 2024";

// name, alias, kind, arity, parameters, domain, commutative, latex, meaning, source
constexpr Operator kOperators[] = {
    {"WX", "", Kind::kTensorSource, 0, kNone, kTotal, false, R"(|W|\|X\|)",
     "Wanda score: |weight| times the norm of its input", kWanda},
    {"W", "", Kind::kTensorSource, 0, kNone, kTotal, false, "W", "weights", kStrata},
    {"X", "", Kind::kTensorSource, 0, kNone, kTotal, false, R"(\|X\|)",
     "norm of the input of each weight: sqrt(scaler_row) of its column, repeated in every row",
     kWanda},

    {"depth", "", Kind::kStructuralSource, 0, kNone, kTotal, false, "d",
     "i / (L - 1) for unit i = 0..L-1; 0 if there is one unit", kStrata},
    {"size", "", Kind::kStructuralSource, 0, kNone, kTotal, false, "n",
     "prunable weights of the unit / those of the largest unit", kStrata},
    {"redundancy", "", Kind::kStructuralSource, 0, kNone, kIeee, false, R"(\rho/\mu)",
     "L (1 - 1/R), R = sum over blocks of the uncentred linear CKA of the block inputs", kAls},
    {"influence", "", Kind::kStructuralSource, 0, kNone, kIeee, false, R"(\mathrm{BI})",
     "1 - mean over tokens of cos(block input, block output)", "ShortGPT, arXiv 2403.03853"},
    {"outliers", "", Kind::kStructuralSource, 0, kMultiple, kIeee, false, "D",
     "100 * share of the unit's Wanda scores that exceed M times their mean", kOwl},

    {"constant", "", Kind::kConstant, 0, kValue, kTotal, false, "c",
     "the same number for every unit, written as a literal", kStrata},

    {"abs", "ABS", Kind::kElementwise, 1, kNone, kTotal, false, R"(\left|{}\right|)", "|x|", kDsa},
    {"log", "", Kind::kElementwise, 1, kNone, kIeee, false, R"(\ln\left({}\right))",
     "ln x; -infinity at 0, NaN below (LOG as a DSA transform)", kDsa},
    {"logpos", "", Kind::kElementwise, 1, kNone, kTotal, false, R"(\ln^{+}\left({}\right))",
     "ln((x <= 0 ? 1 : x) + 1e-6) (LOG as a DSA pre-process)", kDsa},
    {"abslog", "ABSLOG", Kind::kElementwise, 1, kNone, kTotal, false, R"(\ln\left|{}\right|)",
     "ln |x|, and 0 at x = 0", kDsa},
    {"pow2", "POW", Kind::kElementwise, 1, kNone, kIeee, false, R"(\left({}\right)^2)", "x * x",
     kDsa},
    {"exp", "EXP", Kind::kElementwise, 1, kNone, kIeee, false, R"(e^{{}})", "e^x", kDsa},
    {"sigmoid", "SIGMOID", Kind::kElementwise, 1, kNone, kTotal, false, R"(\sigma\left({}\right))",
     "1 / (1 + e^-x)", kDsa},
    {"tanh", "TANH", Kind::kElementwise, 1, kNone, kTotal, false, R"(\tanh\left({}\right))",
     "hyperbolic tangent", kDsa},
    {"sin", "SIN", Kind::kElementwise, 1, kNone, kTotal, false, R"(\sin\left({}\right))", "sine",
     kDsa},
    {"cos", "COS", Kind::kElementwise, 1, kNone, kTotal, false, R"(\cos\left({}\right))", "cosine",
     kDsa},
    {"tan", "TAN", Kind::kElementwise, 1, kNone, kTotal, false, R"(\tan\left({}\right))", "tangent",
     kDsa},
    {"asin", "ASIN", Kind::kElementwise, 1, kNone, kIeee, false, R"(\arcsin\left({}\right))",
     "inverse sine; NaN outside [-1, 1]", kDsa},
    {"acos", "ACOS", Kind::kElementwise, 1, kNone, kIeee, false, R"(\arccos\left({}\right))",
     "inverse cosine; NaN outside [-1, 1]", kDsa},
    {"atan", "ATAN", Kind::kElementwise, 1, kNone, kTotal, false, R"(\arctan\left({}\right))",
     "inverse tangent", kDsa},
    {"softplus", "SOFTPLUS", Kind::kElementwise, 1, kNone, kTotal, false,
     R"(\mathrm{softplus}\left({}\right))", "ln(1 + e^x), and x above 20", kDsa},
    {"sqrt", "SQRT", Kind::kElementwise, 1, kNone, kIeee, false, R"(\sqrt{{}})",
     "square root; NaN below 0", "DSA, poster"},
    {"neg", "", Kind::kElementwise, 1, kNone, kTotal, false, R"(-{})", "-x, written infix",
     kStrata},

    {"normalize", "NORMALIZE", Kind::kWholeTensor, 1, kNone, kIeee, false,
     R"(\mathrm{normalize}\left({}\right))",
     "(x - mean) / std of all elements of the unit, std unbiased (n - 1); NaN becomes 0", kDsa},
    {"mms", "MMS", Kind::kWholeTensor, 1, kNone, kIeee, false, R"(\mathrm{mms}\left({}\right))",
     "(x - min) / (max - min + 1e-9) over all elements of the unit", kDsa},

    {"mean", "MEAN", Kind::kReduction, 1, kNone, kIeee, false, R"(\mathrm{mean}\left({}\right))",
     "sum of the n elements / n", kDsa},
    {"var", "VAR", Kind::kReduction, 1, kNone, kIeee, false, R"(\mathrm{var}\left({}\right))",
     "unbiased variance: sum of (x - mean)^2 / (n - 1)", kDsa},
    {"std", "STD", Kind::kReduction, 1, kNone, kIeee, false, R"(\mathrm{std}\left({}\right))",
     "square root of the unbiased variance", kDsa},
    {"l1", "L1_NORM", Kind::kReduction, 1, kNone, kIeee, false, R"(\frac1n\left\|{}\right\|_1)",
     "mean of |x|", kDsa},
    {"l2", "FROBENIUS_NORM", Kind::kReduction, 1, kNone, kIeee, false, R"(\left\|{}\right\|_F)",
     "square root of the sum of squares", kDsa},
    {"geomean", "", Kind::kReduction, 1, kNone, kIeee, false, R"(\mathrm{geomean}\left({}\right))",
     "exp(mean of ln x); 0 if an element is 0, NaN if one is negative", kStrata},
    {"rootprod", "GEOMETRIC_MEAN", Kind::kReduction, 1, kNone, kIeee, false,
     R"(\sqrt[n]{\prod {}})",
     "n-th root of the product of all elements, the product being 0 below 2^-150 and infinite "
     "above the largest single-precision number; NaN if the product is finite and negative",
     kDsa},
    {"entropy", "ENTROPY", Kind::kReduction, 1, kNone, kIeee, false, R"(\mathrm{H}\left({}\right))",
     "-sum of p ln(clamp(p, 2^-23, 1 - 2^-23)), p = elements that are neither NaN nor negative "
     "/ their sum; NaN if that sum is 0 or infinite",
     kDsa},

    {"minmax", "", Kind::kAcrossLayers, 1, kNone, kTotal, false, R"(\mathrm{mm}\left({}\right))",
     "(x - min) / (max - min); all 0 if constant", kStrata},
    {"ranks", "", Kind::kAcrossLayers, 1, kNone, kTotal, false, R"(\mathrm{ranks}\left({}\right))",
     "place in ascending order / (L - 1), ties share their mean place; 0 if there is one unit",
     kStrata},
    {"zscore", "", Kind::kAcrossLayers, 1, kNone, kTotal, false, R"(z\left({}\right))",
     "(x - mean) / population standard deviation; all 0 if constant", kStrata},
    {"suffixmean", "", Kind::kAcrossLayers, 1, kNone, kIeee, false,
     R"(\mathrm{suffixmean}\left({}\right))", "mean of x over this and all later units", kAls},
    {"reverse", "", Kind::kAcrossLayers, 1, kNone, kTotal, false,
     R"(\mathrm{reverse}\left({}\right))", "x of unit L-1-i", kStrata},
    {"softmax", "", Kind::kAcrossLayers, 1, kNone, kTotal, false,
     R"(\mathrm{softmax}\left({}\right))", "e^x / sum of e^x", "DSA, poster"},
    {"smooth", "", Kind::kAcrossLayers, 1, kNone, kIeee, false, R"(\mathrm{smooth}\left({}\right))",
     "mean of x over the unit and its one or two neighbours", kStrata},
    {"cumsum", "", Kind::kAcrossLayers, 1, kNone, kIeee, false, R"(\mathrm{cumsum}\left({}\right))",
     "sum of x over this and all earlier units", kStrata},

    {"+", "", Kind::kBinary, 2, kNone, kIeee, true, "{} + {}", "sum, written infix", kStrata},
    {"-", "", Kind::kBinary, 2, kNone, kIeee, false, "{} - {}", "difference, written infix",
     kStrata},
    {"*", "", Kind::kBinary, 2, kNone, kIeee, true, R"({} \cdot {})", "product, written infix",
     kStrata},
    {"/", "", Kind::kBinary, 2, kNone, kIeee, false, R"(\frac{{}}{{}})", "quotient, written infix",
     kStrata},
    {"min", "", Kind::kBinary, 2, kNone, kTotal, true, R"(\min\left({}, {}\right))",
     "the smaller of two", kStrata},
    {"max", "", Kind::kBinary, 2, kNone, kTotal, true, R"(\max\left({}, {}\right))",
     "the larger of two", kStrata},

    {"uniform", "", Kind::kPostprocess, 0, kNone, kTotal, false, "S", "the target for every unit",
     kStrata},
    {"span", "", Kind::kPostprocess, 1, kLambda, kTotal, false,
     R"(S + 2\lambda\left(m - \bar m\right),\ m = \mathrm{mm}\left({}\right))",
     "S + 2 lambda (mm(x) - mean mm(x)), projected; the larger x, the more is pruned",
     "OWL, arXiv 2310.05175, with the opposite sign"},
    {"rank", "", Kind::kPostprocess, 1, kLambda, kTotal, false,
     R"(S + 2\lambda\left(m - \bar m\right),\ m = \mathrm{ranks}\left({}\right))",
     "span of the ranks of x", kStrata},
    {"ramp", "", Kind::kPostprocess, 1, kBeta, kTotal, false,
     R"(S + \beta\left(r - \tfrac{L-1}{2}\right),\ r = \mathrm{place}\left({}\right))",
     "S + beta (r - (L - 1)/2), projected; r = place of x in ascending order from 0, ties share "
     "their mean place; ramp(depth, beta) is the arithmetic progression",
     "ATP, arXiv 2502.14770"},
    {"waterfill", "", Kind::kPostprocess, 1, kBox, kTotal, false,
     R"(\mathrm{knapsack}_{[S-l,\,S+u]}\left({}\right))",
     "units in descending x are pruned at S + upper (at most the upper bound), the others at "
     "S - lower (at least the lower bound), the marginal ones, with equal x, in between such that "
     "the parameter-weighted mean is S",
     kAls},
    {"dsa", "", Kind::kPostprocess, 1, kLambda, kTotal, false,
     R"(S + 2\lambda\left(m - \bar m\right),\ m = \mathrm{mm}_{\mathrm{DSA}}\left({}\right))",
     "span of x computed as DSA's code does: every operator's result is rounded to single "
     "precision, IEEE throughout; then NaN becomes 0 and both infinities -1",
     "DSA, lib/autolayer.py and lib/prune_all.py"},
};

constexpr uint64_t HashBytes(uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  return (hash ^ 0xff) * 0x100000001b3ULL;  // a separator, so that "ab","c" differs from "a","bc"
}

constexpr uint64_t HashNumber(uint64_t hash, uint64_t value) {
  for (int byte = 0; byte < 8; ++byte) {
    hash = (hash ^ ((value >> (8 * byte)) & 0xff)) * 0x100000001b3ULL;
  }
  return hash;
}

constexpr uint64_t HashTable() {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const Operator& row : kOperators) {
    hash = HashBytes(HashBytes(hash, row.name), row.alias);
    hash = HashNumber(hash, static_cast<uint64_t>(row.kind));
    hash = HashNumber(hash, static_cast<uint64_t>(row.arity));
    hash = HashNumber(hash, static_cast<uint64_t>(row.domain));
    hash = HashNumber(hash, row.commutative ? 1 : 0);
    for (const OperatorParameter& parameter : row.parameters) {
      hash = HashBytes(hash, parameter.name);
      hash = HashNumber(hash, std::bit_cast<uint64_t>(parameter.minimum));
      hash = HashNumber(hash, std::bit_cast<uint64_t>(parameter.maximum));
      hash = HashNumber(hash, std::bit_cast<uint64_t>(parameter.step));
    }
    hash = HashBytes(hash, row.meaning);
  }
  return hash;
}

}  // namespace

std::span<const Operator> Operators() { return kOperators; }

const Operator& OperatorOf(OperatorId id) { return kOperators[static_cast<size_t>(id)]; }

const Operator* FindOperator(std::string_view name) {
  if (name.empty()) return nullptr;
  for (const Operator& row : kOperators) {
    if (row.name == name || row.alias == name) return &row;
  }
  return nullptr;
}

OperatorId IdOf(std::string_view name) {
  const Operator* row = FindOperator(name);
  if (row == nullptr) {
    std::fprintf(stderr, "IdOf: the operator table has no '%.*s'\n", static_cast<int>(name.size()),
                 name.data());
    std::abort();  // A misspelled name in the code itself, never user input.
  }
  return static_cast<OperatorId>(row - kOperators);
}

uint64_t OperatorTableHash() {
  static constexpr uint64_t kHash = HashTable();
  return kHash;
}

}  // namespace strata::expr
