#include "evaluator/formats/gguf_output.h"

#include <utility>

#include "evaluator/formats/gguf_file.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

constexpr int64_t kAlignment = 32;

enum ValueType : uint32_t {
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kText = 8,
  kArray = 9
};

template <typename T>
void Append(T value, std::string* bytes) {
  bytes->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void AppendText(std::string_view text, std::string* bytes) {
  Append<uint64_t>(text.size(), bytes);
  bytes->append(text);
}

void AppendKey(std::string_view key, uint32_t type, std::string* bytes) {
  AppendText(key, bytes);
  Append(type, bytes);
}

void AppendArrayKey(std::string_view key, uint32_t type, size_t count, std::string* bytes) {
  AppendKey(key, kArray, bytes);
  Append(type, bytes);
  Append<uint64_t>(count, bytes);
}

GgufType TypeOf(NumberFormat format) {
  if (format == NumberFormat::kFloat32) return GgufType::kF32;
  return format == NumberFormat::kFloat16 ? GgufType::kF16 : GgufType::kBF16;
}

int64_t Aligned(int64_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

void GgufMetadata::Copy(std::span<const std::byte> entry) {
  bytes_.append(reinterpret_cast<const char*>(entry.data()), entry.size());
  ++count_;
}

void GgufMetadata::Text(std::string_view key, std::string_view value) {
  AppendKey(key, kText, &bytes_);
  AppendText(value, &bytes_);
  ++count_;
}

void GgufMetadata::Uint32(std::string_view key, uint32_t value) {
  AppendKey(key, kUint32, &bytes_);
  Append(value, &bytes_);
  ++count_;
}

void GgufMetadata::Float32(std::string_view key, float value) {
  AppendKey(key, kFloat32, &bytes_);
  Append(value, &bytes_);
  ++count_;
}

void GgufMetadata::Bool(std::string_view key, bool value) {
  AppendKey(key, kBool, &bytes_);
  Append<uint8_t>(value ? 1 : 0, &bytes_);
  ++count_;
}

void GgufMetadata::Texts(std::string_view key, const std::vector<std::string>& values) {
  AppendArrayKey(key, kText, values.size(), &bytes_);
  for (const std::string& value : values) AppendText(value, &bytes_);
  ++count_;
}

void GgufMetadata::Int32s(std::string_view key, const std::vector<int32_t>& values) {
  AppendArrayKey(key, kInt32, values.size(), &bytes_);
  for (const int32_t value : values) Append(value, &bytes_);
  ++count_;
}

void GgufMetadata::Float32s(std::string_view key, const std::vector<float>& values) {
  AppendArrayKey(key, kFloat32, values.size(), &bytes_);
  for (const float value : values) Append(value, &bytes_);
  ++count_;
}

GgufPlan PlanGguf(const GgufMetadata& metadata, const std::vector<GgufTensorShape>& tensors) {
  GgufPlan plan;
  plan.header = "GGUF";
  Append<uint32_t>(3, &plan.header);
  Append<uint64_t>(tensors.size(), &plan.header);
  Append<uint64_t>(metadata.count(), &plan.header);
  plan.header += metadata.bytes();
  int64_t offset = 0;
  for (const GgufTensorShape& tensor : tensors) {
    int64_t bytes = BytesPerNumber(tensor.format);
    AppendText(tensor.name, &plan.header);
    Append(static_cast<uint32_t>(tensor.shape.size()), &plan.header);
    for (auto size = tensor.shape.rbegin(); size != tensor.shape.rend(); ++size) {
      Append(static_cast<uint64_t>(*size), &plan.header);
      bytes *= *size;
    }
    Append(static_cast<uint32_t>(TypeOf(tensor.format)), &plan.header);
    Append(static_cast<uint64_t>(offset), &plan.header);
    plan.tensors.push_back({tensor.name, offset, bytes});
    offset = Aligned(offset + bytes);
  }
  plan.header.resize(static_cast<size_t>(Aligned(static_cast<int64_t>(plan.header.size()))));
  const auto data = static_cast<int64_t>(plan.header.size());
  for (GgufPlan::Tensor& tensor : plan.tensors) tensor.offset += data;
  plan.bytes = data + offset;
  return plan;
}

absl::StatusOr<TensorOutput> CreateGguf(const GgufPlan& plan, const std::string& path) {
  TensorOutput output;
  STRATA_RETURN_IF_ERROR(output.AddFile(path, plan.bytes, plan.header));
  for (const GgufPlan::Tensor& tensor : plan.tensors) {
    output.AddTensor(tensor.name, tensor.offset, tensor.bytes);
  }
  return output;
}

}  // namespace strata::evaluator
