import Adapters
import Foundation
import Gradients
import Tensors
import Testing

struct WaRAWaveletTests {
  @Test(arguments: Wavelet.allCases, 4..<12)
  func `the transform keeps lengths and gives everything back`(wavelet: Wavelet, length: Int) {
    let low = wavelet.matrix(.low, length: length)
    let high = wavelet.matrix(.high, length: length)
    #expect(low.shape == [(length + 1) / 2, length])
    var identity = product(transposed(low), low)
    identity.add(product(transposed(high), high))
    for row in 0..<length {
      for column in 0..<length {
        #expect(abs(identity[row * length + column] - (row == column ? 1 : 0)) < 1e-6)
      }
    }
  }

  @Test func `Haar of the numbers 1 to 16`() {
    let wavelet = Wavelet.haar
    let picture = Tensor((1...16).map { Float($0) }, shape: [4, 4])
    func band(_ first: Wavelet.Band, _ second: Wavelet.Band) -> [Float] {
      product(
        product(wavelet.matrix(first, length: 4), picture),
        transposed(wavelet.matrix(second, length: 4))
      ).values
    }
    func isNear(_ found: [Float], _ wanted: [Float]) -> Bool {
      zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-5 }
    }
    #expect(isNear(band(.low, .low), [7, 11, 23, 27]))
    #expect(isNear(band(.high, .low), [-4, -4, -4, -4]))
    #expect(isNear(band(.low, .high), [-1, -1, -1, -1]))
    #expect(isNear(band(.high, .high), [0, 0, 0, 0]))
  }

  @Test func `the transform is that of PyWavelets`() throws {
    let golden = try WaveletGolden.load()
    #expect(golden.lines.count == 10)
    for line in golden.lines {
      let wavelet = try #require(Wavelet(rawValue: line.wavelet))
      let signal = Tensor(line.signal, shape: [line.length, 1])
      let half = (line.length + 1) / 2
      for (band, wanted) in [(Wavelet.Band.low, line.low), (.high, line.high)] {
        let found = product(wavelet.matrix(band, length: line.length), signal)
        #expect(largestDifference(found, Tensor(wanted, shape: [half, 1])) < 1e-5)
      }
      var back = Tensor(zeros: [1, line.length])
      back.add(
        product(
          Tensor(line.averages, shape: [1, half]), wavelet.matrix(.low, length: line.length)))
      back.add(
        product(
          Tensor(line.differences, shape: [1, half]), wavelet.matrix(.high, length: line.length)))
      #expect(
        largestDifference(back, Tensor(line.reconstruction, shape: [1, line.length])) < 1e-5)
    }
  }
}

/// `left · right` of plain matrices.
func product(_ left: Tensor, _ right: Tensor) -> Tensor {
  Variable(left).multiplied(by: Variable(right)).value
}

/// Rows and columns of a plain matrix exchanged.
func transposed(_ x: Tensor) -> Tensor { Variable(x).permuted([1, 0]).value }

/// What tools/goldens/wavelets.py recorded.
struct WaveletGolden: Decodable {
  struct Line: Decodable {
    let wavelet: String
    let length: Int
    let signal, low, high, averages, differences, reconstruction: [Float]
  }

  struct Plane: Decodable {
    let wavelet: String
    let rows, columns: Int
    let bands: [String: [Float]]
    let reconstruction: [Float]
  }

  let lines: [Line]
  let planes: [Plane]

  static func load() throws -> WaveletGolden {
    let url = try #require(
      Bundle.module.url(
        forResource: "wavelets", withExtension: "json", subdirectory: "Goldens"))
    return try JSONDecoder().decode(WaveletGolden.self, from: Data(contentsOf: url))
  }
}
