// Runs a compiled policy in C++ by onnxruntime's C++ API: prints torques and shares, writes the heatmap as a grey PGM.
//
//   npx torquelens compile models/reacher.onnx -o explained.onnx
//   cmake -S examples/cpp -B build/cpp -DONNXRUNTIME=/path/to/onnxruntime && cmake --build build/cpp
//   build/cpp/explain explained.onnx examples/data/camera.ppm heatmap.pgm
//
// ONNXRUNTIME is an unpacked release of onnxruntime, with the folders include and lib. The compiled file holds standard
// ONNX operators only: nothing of torquelens is needed to run it. Not run in CI, which has no onnxruntime for C++. Tried
// with GCC 12, headers of API version 12 and the library of onnxruntime 1.30.

#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

constexpr int64_t kWidth = 96;
constexpr int64_t kHeight = 96;

/** Pixels of a binary PPM of the policy's size: red, green, blue, one byte each. */
std::vector<uint8_t> readPpm(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string magic;
  int64_t width = 0, height = 0, maximum = 0;
  file >> magic >> width >> height >> maximum;
  file.get();  // the one blank before the pixels
  std::vector<uint8_t> pixels(3 * kWidth * kHeight);
  file.read(reinterpret_cast<char*>(pixels.data()), static_cast<std::streamsize>(pixels.size()));
  if (magic != "P6" || width != kWidth || height != kHeight || maximum != 255 || !file) {
    throw std::runtime_error(path + ": expected a binary PPM of 96 x 96 pixels");
  }
  return pixels;
}

/** A tensor over the caller's memory. */
template <typename T, size_t Rank>
Ort::Value tensorOver(std::vector<T>& data, const std::array<int64_t, Rank>& shape) {
  static const Ort::MemoryInfo memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  return Ort::Value::CreateTensor<T>(memory, data.data(), data.size(), shape.data(), Rank);
}

int main(int argc, char** argv) try {
  if (argc != 4) throw std::runtime_error("usage: explain explained.onnx camera.ppm heatmap.pgm");
  Ort::Env env(ORT_LOGGING_LEVEL_WARNING, "explain");
  Ort::Session session(env, argv[1], Ort::SessionOptions{});

  std::vector<uint8_t> image = readPpm(argv[2]);
  // In the order of the policy card: joint positions and velocities, end effector's position and velocity. SI units.
  std::vector<float> configuration{-1.1018f, 1.0554f, 5.4474f, 0.9225f, 0.1841f, -0.1131f, 0, 0.6215f, 1.1226f, 0};
  std::vector<float> importance{1, 1};  // one number a torque; {1, 0} explains the first torque alone

  const std::array inputs{"image", "configuration", "torquelens.importance"};
  std::vector<Ort::Value> feeds;
  feeds.push_back(tensorOver(image, std::array<int64_t, 4>{1, kHeight, kWidth, 3}));
  feeds.push_back(tensorOver(configuration, std::array<int64_t, 2>{1, 10}));
  feeds.push_back(tensorOver(importance, std::array<int64_t, 1>{2}));
  const std::array outputs{"torque", "torquelens.shares", "torquelens.heatmap.image"};
  const std::vector<Ort::Value> results =
      session.Run(Ort::RunOptions{}, inputs.data(), feeds.data(), feeds.size(), outputs.data(), outputs.size());

  const float* torque = results[0].GetTensorData<float>();
  std::printf("torque %.4f %.4f\n", torque[0], torque[1]);

  // The names of the shares, as a JSON list.
  Ort::AllocatorWithDefaultOptions allocator;
  const auto modalities = session.GetModelMetadata().LookupCustomMetadataMapAllocated("torquelens.modalities", allocator);
  std::cout << modalities.get() << '\n';
  const float* shares = results[1].GetTensorData<float>();
  const size_t count = results[1].GetTensorTypeAndShapeInfo().GetElementCount();
  for (size_t m = 0; m < count; m++) std::printf("%.4f%c", shares[m], m + 1 < count ? ' ' : '\n');

  const float* heatmap = results[2].GetTensorData<float>();
  const float peak = *std::max_element(heatmap, heatmap + kWidth * kHeight);
  std::ofstream output(argv[3], std::ios::binary);
  output << "P5\n" << kWidth << ' ' << kHeight << "\n255\n";
  for (int64_t i = 0; i < kWidth * kHeight; i++) {
    output.put(static_cast<char>(std::clamp(255 * heatmap[i] / peak, 0.0f, 255.0f)));
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
