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
constexpr OperatorParameter kDelta[] = {{"delta", -0.5, 0.5, 0.08, 0}};
constexpr OperatorParameter kBox[] = {{"lower", 0.01, 0.5, 0.2, 0}, {"upper", 0.01, 0.5, 0.2, 0}};
constexpr OperatorParameter kMeanSparsity[] = {{"sparsity", 0.05, 0.95, 0.7, 0}};
constexpr OperatorParameter kDescent[] = {{"sparsity", 0.05, 0.95, 0.7, 0},
                                          {"length", 0.001, 0.3, 0.05, 0}};
constexpr OperatorParameter kProbability[] = {{"p", 0.01, 0.99, 0.5, 0}};
constexpr OperatorParameter kWeight[] = {{"weight", 0.01, 0.99, 0.5, 0}};
constexpr OperatorParameter kLogistic[] = {{"lambda", 0.005, 0.5, 0.08, 0},
                                           {"slope", 0.1, 10, 1, 0}};
constexpr OperatorParameter kEpsilon[] = {{"epsilon", 0.01, 0.99, 0.3, 0}};
constexpr OperatorParameter kGroups[] = {{"lambda", 0.005, 0.5, 0.125, 0}, {"M", 4, 32, 8, 4}};
constexpr std::span<const OperatorParameter> kNone = {};

constexpr std::string_view kDsa = "DSA, lib/autolayer.py";
constexpr std::string_view kStrata = "Strata";
constexpr std::string_view kWanda = "Wanda, arXiv 2306.11695";
constexpr std::string_view kOwl = "OWL, arXiv 2310.05175";
constexpr std::string_view kAls = "ALS, NeurIPS 2024";
constexpr std::string_view kAlphaPruning = "AlphaPruning, NeurIPS 2024";

// name, alias, kind, arity, parameters, domain, commutative, latex, meaning, source
constexpr Operator kOperators[] = {
    {"WX", "", Kind::kTensorSource, 0, kNone, kTotal, false, R"(|W|\|X\|)",
     "Wanda score: |weight| times the norm of its input", kWanda},
    {"W", "", Kind::kTensorSource, 0, kNone, kTotal, false, "W", "weights", kStrata},
    {"X", "", Kind::kTensorSource, 0, kNone, kTotal, false, R"(\|X\|)",
     "norm of the input of each weight: sqrt(scaler_row) of its column, repeated in every row",
     kWanda},
    {"G", "", Kind::kTensorSource, 0, kNone, kTotal, false, R"(|\nabla|)",
     "mean over the calibration sequences of |gradient of the sequence's mean token loss|",
     "Pruner-Zero, arXiv 2406.02924"},

    {"depth", "", Kind::kStructuralSource, 0, kNone, kTotal, false, "d",
     "b / (B - 1) for a unit of block b = 0..B-1; 0 if there is one block", kStrata},
    {"size", "", Kind::kStructuralSource, 0, kNone, kTotal, false, "n",
     "prunable weights of the unit / those of the largest unit", kStrata},
    {"redundancy", "", Kind::kStructuralSource, 0, kNone, kIeee, false, R"(\tfrac{\rho}{\mu})",
     "L (1 - 1/R), R = sum over blocks of the uncentred linear CKA of the block inputs", kAls},
    {"influence", "", Kind::kStructuralSource, 0, kNone, kIeee, false, R"(\mathrm{BI})",
     "1 - mean over tokens of cos(block input, block output)", "ShortGPT, arXiv 2403.03853"},
    {"outliers", "", Kind::kStructuralSource, 0, kMultiple, kIeee, false, "D_{<M>}",
     "100 * share of the unit's Wanda scores that exceed M times their mean", kOwl},
    {"linearredundancy", "", Kind::kStructuralSource, 0, kNone, kIeee, false,
     R"(\tfrac{\rho'}{\mu'})",
     "n (1 - 1/R) of a linear, R = sum over the n linears of its block of the uncentred linear CKA "
     "of their inputs; the mean over the unit's linears",
     kAls},
    {"alpha", "", Kind::kStructuralSource, 0, kNone, kIeee, false, R"(\alpha)", "spectraltail(W)",
     kAlphaPruning},
    {"sensitivity", "", Kind::kStructuralSource, 0, kNone, kIeee, false, R"(\hat g)",
     "mean over calibration sequences of |loss(w + e z) - loss(w - e z)| / 2e, e = 0.001, z "
     "standard normal on all weights of the unit: a gradient magnitude without gradients",
     "ECoFLaP, arXiv 2310.02998"},
    {"distortion", "", Kind::kStructuralSource, 0, kNone, kIeee, false, R"(\Delta)",
     "sum of |h' - h|^2 / sum of |h|^2 over calibration tokens, h what the output head multiplies "
     "in the dense model, h' the same where half of every row of this unit alone is pruned by "
     "Wanda",
     kStrata},
    {"slope", "", Kind::kStructuralSource, 0, kNone, kIeee, false,
     R"(\tfrac{\partial L}{\partial s})",
     "derivative by the unit's sparsity of the mean token loss of the calibration sequences in the "
     "model of which Wanda pruned 60 % everywhere, block after block: to first order, what the "
     "weights between 30 and 90 % do to the loss",
     kStrata},
    {"fan", "", Kind::kStructuralSource, 0, kNone, kTotal, false, R"(\tfrac{n_i+n_o}{n_i n_o})",
     "sum over the unit's linears of inputs + outputs / its prunable weights",
     "ER, arXiv 1707.04780"},
    {"last", "", Kind::kStructuralSource, 0, kNone, kTotal, false, R"(\mathbb{1}_L)",
     "1 for the last unit, 0 for the others", kStrata},
    {"attention", "", Kind::kStructuralSource, 0, kNone, kTotal, false, R"(\mathbb{1}_A)",
     "1 for a unit of attention linears, 0 for feed-forward linears and whole blocks", kStrata},
    {"query", "", Kind::kStructuralSource, 0, kNone, kTotal, false,
     R"(\mathbb{1}_{\mathrm{query}})",
     "1 for a unit that is a block's query linear, 0 for the others", kStrata},
    {"key", "", Kind::kStructuralSource, 0, kNone, kTotal, false, R"(\mathbb{1}_{\mathrm{key}})",
     "1 for a unit that is a block's key linear, 0 for the others", kStrata},
    {"value", "", Kind::kStructuralSource, 0, kNone, kTotal, false,
     R"(\mathbb{1}_{\mathrm{value}})",
     "1 for a unit that is a block's value linear, 0 for the others", kStrata},
    {"output", "", Kind::kStructuralSource, 0, kNone, kTotal, false,
     R"(\mathbb{1}_{\mathrm{output}})",
     "1 for a unit that is a block's output linear, 0 for the others", kStrata},
    {"gate", "", Kind::kStructuralSource, 0, kNone, kTotal, false, R"(\mathbb{1}_{\mathrm{gate}})",
     "1 for a unit that is a block's gate linear, 0 for the others", kStrata},
    {"up", "", Kind::kStructuralSource, 0, kNone, kTotal, false, R"(\mathbb{1}_{\mathrm{up}})",
     "1 for a unit that is a block's up linear, 0 for the others", kStrata},
    {"down", "", Kind::kStructuralSource, 0, kNone, kTotal, false, R"(\mathbb{1}_{\mathrm{down}})",
     "1 for a unit that is a block's down linear, 0 for the others", kStrata},

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
     "-sum of p ln(clamp(p, 2^-23, 1 - 2^-23)), p = elements that are neither NaN nor negative / "
     "their sum; NaN if that sum is 0 or infinite",
     kDsa},

    {"skewness", "", Kind::kReduction, 1, kNone, kIeee, false, R"(\mathrm{skew}\left({}\right))",
     "m3 / m2^1.5 with mk = mean of (x - mean)^k; NaN if all elements are equal", kStrata},
    {"kurtosis", "", Kind::kReduction, 1, kNone, kIeee, false, R"(\mathrm{kurt}\left({}\right))",
     "m4 / m2^2 with mk = mean of (x - mean)^k, 3 for a normal distribution; NaN if all elements "
     "are equal",
     kStrata},
    {"gini", "", Kind::kReduction, 1, kNone, kIeee, false, R"(\mathrm{gini}\left({}\right))",
     "sum over i of (2i - n - 1) a_i / (n sum of a), a = |x| in ascending order, i = 1..n; NaN if "
     "all are 0 or one is NaN or infinite",
     kStrata},
    {"quantile", "", Kind::kReduction, 1, kProbability, kIeee, false, R"(Q_{<p>}\left({}\right))",
     "the value at place p (n - 1) of the ascending elements, counted from 0 and interpolated "
     "linearly; NaN if an element is NaN; quantile(x, 0.5) is the median",
     kStrata},
    {"below", "", Kind::kReduction, 1, kProbability, kIeee, false, R"(F\left({};\ <p>\right))",
     "share of the unit's elements that are among the round(p N) smallest of all N elements of all "
     "units, NaN being the largest, and elements equal to the last of them counted in proportion: "
     "the unit's sparsity under one global threshold",
     "global threshold, Han et al. 2015"},
    {"matrixrank", "RANK", Kind::kReduction, 1, kNone, kIeee, false,
     R"(\mathrm{rank}\left({}\right))",
     "share of a matrix's min(rows, columns) singular values that exceed max(rows, columns) 2^-23 "
     "times the largest; the mean over the unit's matrices",
     "DSA, poster"},
    {"correlation", "CORREF", Kind::kReduction, 1, kNone, kIeee, false,
     R"(\mathrm{corr}\left({}\right))",
     "mean of all entries of the matrix of correlation coefficients between rows, a constant row "
     "having 0 with all, itself included; the mean over the unit's matrices",
     "DSA, poster"},
    {"logdet", "SLOGDET", Kind::kReduction, 1, kNone, kIeee, false,
     R"(\mathrm{logdet}\left({}\right))",
     "mean over the k = min(rows, columns) eigenvalues e of the Gram matrix of ln(e + 1e-6 mean "
     "e); the mean over the unit's matrices",
     "DSA, lib/autolayer.py, made total"},
    {"stablerank", "", Kind::kReduction, 1, kNone, kIeee, false, R"(\mathrm{srank}\left({}\right))",
     "sum of the squared singular values of a matrix / the largest of them, NaN if all are 0; the "
     "mean over the unit's matrices",
     kStrata},
    {"spectraltail", "", Kind::kReduction, 1, kNone, kIeee, false, R"(\alpha\left({}\right))",
     "Hill exponent 1 + n / sum of ln(e / e_min) over the n squared singular values e >= e_min of "
     "a matrix, e_min that of the smallest Kolmogorov-Smirnov distance from log10(0.95 c) to 1.5 "
     "c, c the left edge of the fullest of 100 bins of log10 e, NaN if none is there; the mean "
     "over the unit's matrices",
     kAlphaPruning},

    {"minmax", "", Kind::kAcrossUnits, 1, kNone, kTotal, false, R"(\mathrm{mm}\left({}\right))",
     "(x - min) / (max - min); all 0 if constant", kStrata},
    {"ranks", "", Kind::kAcrossUnits, 1, kNone, kTotal, false, R"(\mathrm{ranks}\left({}\right))",
     "place in ascending order / (L - 1), ties share their mean place; 0 if there is one unit",
     kStrata},
    {"zscore", "", Kind::kAcrossUnits, 1, kNone, kTotal, false, R"(z\left({}\right))",
     "(x - mean) / population standard deviation; all 0 if constant", kStrata},
    {"suffixmean", "", Kind::kAcrossUnits, 1, kNone, kIeee, false,
     R"(\mathrm{suffixmean}\left({}\right))", "mean of x over this and all later units", kAls},
    {"reverse", "", Kind::kAcrossUnits, 1, kNone, kTotal, false,
     R"(\mathrm{reverse}\left({}\right))", "x of unit L-1-i", kStrata},
    {"softmax", "", Kind::kAcrossUnits, 1, kNone, kTotal, false,
     R"(\mathrm{softmax}\left({}\right))", "e^x / sum of e^x", "DSA, poster"},
    {"smooth", "", Kind::kAcrossUnits, 1, kNone, kIeee, false, R"(\mathrm{smooth}\left({}\right))",
     "mean of x over the unit and its one or two neighbours", kStrata},
    {"cumsum", "", Kind::kAcrossUnits, 1, kNone, kIeee, false, R"(\mathrm{cumsum}\left({}\right))",
     "sum of x over this and all earlier units", kStrata},
    {"kindminmax", "", Kind::kAcrossUnits, 1, kNone, kTotal, false,
     R"(\mathrm{mm}_k\left({}\right))",
     "minmax among the units of the same kind (attention, feed-forward, whole block)", kStrata},
    {"blockwise", "", Kind::kAcrossUnits, 1, kNone, kTotal, false,
     R"(\left({}\right)^{\mathrm{block}})",
     "x as it is where whole blocks are the units: reductions of all matrices of a block together, "
     "one value for all units of the block",
     kStrata},

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
    {"mix", "", Kind::kBinary, 2, kWeight, kTotal, false, R"(<weight> {} + (1 - <weight>) {})",
     "weight x + (1 - weight) y", kStrata},

    {"uniform", "", Kind::kPostprocess, 0, kNone, kTotal, false, "S", "the target for every unit",
     kStrata},
    {"span", "", Kind::kPostprocess, 1, kLambda, kTotal, false,
     R"(S + 2 \cdot <lambda>\left(m - \bar m\right),\ m = \mathrm{mm}\left({}\right))",
     "S + 2 lambda (mm(x) - mean mm(x)), projected; the larger x, the more is pruned",
     "OWL, arXiv 2310.05175, with the opposite sign"},
    {"rank", "", Kind::kPostprocess, 1, kLambda, kTotal, false,
     R"(S + 2 \cdot <lambda>\left(m - \bar m\right),\ m = \mathrm{ranks}\left({}\right))",
     "span of the ranks of x", kStrata},
    {"ramp", "", Kind::kPostprocess, 1, kBeta, kTotal, false,
     R"(S + <beta>\left(r - \bar r\right),\ r = \mathrm{place}\left({}\right))",
     "S + beta (r - mean r), projected; r = number of distinct smaller values of x, so equal x "
     "share a step and ramp(depth, beta) is the arithmetic progression over the blocks",
     "ATP, arXiv 2502.14770"},
    {"waterfill", "", Kind::kPostprocess, 1, kBox, kTotal, false,
     R"(\mathrm{knapsack}_{[S-<lower>,\,S+<upper>]}\left({}\right))",
     "units in descending x are pruned at S + upper (at most the upper bound), the others at S - "
     "lower (at least the lower bound), the marginal ones, with equal x, in between such that the "
     "parameter-weighted mean is S",
     kAls},
    {"dsa", "", Kind::kPostprocess, 1, kLambda, kTotal, false,
     R"(S + 2 \cdot <lambda>\left(m - \bar m\right),\ m = \mathrm{mm}_{\mathrm{DSA}}\left({}\right))",
     "span of x computed as DSA's code does: every operator's result is rounded to single "
     "precision, IEEE throughout; then NaN becomes 0 and both infinities -1",
     "DSA, lib/autolayer.py and lib/prune_all.py"},
    {"logistic", "", Kind::kPostprocess, 1, kLogistic, kTotal, false,
     R"(S + 2 \cdot <lambda>\left(m - \bar m\right),\ m = \sigma\left(<slope>\, z\left({}\right)\right))",
     "S + 2 lambda (m - mean m), m = 1 / (1 + e^(-slope zscore(x))), projected: as span, but units "
     "far from the others move no further",
     kStrata},
    {"proportion", "", Kind::kPostprocess, 1, kEpsilon, kTotal, false,
     R"(c\left(1 - <epsilon> + 2 \cdot <epsilon>\,\mathrm{mm}\left({}\right)\right))",
     "c (1 - epsilon + 2 epsilon mm(x)) within the bounds, c such that the parameter-weighted mean "
     "is S",
     kAlphaPruning},
    {"density", "", Kind::kPostprocess, 1, kNone, kTotal, false, R"(1 - c \left({}\right)^{+})",
     "1 - c max(x, 0) within the bounds, c such that the parameter-weighted mean is S, projected "
     "where no c reaches it; here, and here alone, a high value is pruned less",
     "ER, arXiv 1707.04780"},
    {"direct", "", Kind::kPostprocess, 1, kNone, kTotal, false, R"({})",
     "x itself, clamped to [-1, 2], projected", kStrata},
    {"nm", "", Kind::kPostprocess, 1, kGroups, kTotal, false,
     R"(\tfrac{1}{<M>}\mathrm{round}\left(<M> S + 2 \cdot <lambda> \cdot <M>\left(m - \bar m\right)\right),\ m = \mathrm{mm}\left({}\right))",
     "n / M with whole n per unit, nearest in parameter-weighted squares to span(x, lambda) among "
     "those whose parameter-weighted mean is S exactly, equals dealt evenly over depth; "
     "infeasible where no whole n reach S",
     "OWL, arXiv 2310.05175, N:M"},

    {"slopes", "", Kind::kPrunedSource, 1, kMeanSparsity, kIeee, false,
     R"(\left.\frac{\partial L}{\partial s}\right|_{{},\ \bar s=<sparsity>})",
     "derivative of the loss of the calibration sequences by the unit's sparsity, in the model "
     "that "
     "Wanda prunes to the sparsities of the operand, whose mean is <sparsity>; from what the "
     "weights between 0.05 less and 0.05 more sparsity do to the loss",
     kStrata},

    {"descend", "", Kind::kDescent, 1, kDescent, kTotal, false,
     R"(\left({}\right) - <length>\,\nabla L_{\bar s=<sparsity>})",
     "s + length d, projected, s the sparsities of the operand; d is opposite to "
     "slopes(operand, sparsity) / size less its parameter-weighted mean, in units of the "
     "parameter-weighted mean of its magnitude, and within -3 and 3",
     kStrata},

    {"within", "", Kind::kAdjustment, 2, kBox, kTotal, false,
     R"(\mathrm{within}_{[s-<lower>,\,s+<upper>]}\left({};\ {}\right))",
     "each block keeps its parameter-weighted mean sparsity s of the first operand; inside it, "
     "units in descending second operand are pruned at s + upper, the others at s - lower, as "
     "waterfill does",
     kAls},
    {"shift", "", Kind::kAdjustment, 2, kDelta, kTotal, false,
     R"(\left({}\right) + <delta>\,\mathrm{mm}\left({}\right))",
     "s + delta mm(x), projected, s the sparsities of the first operand", kStrata},
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
