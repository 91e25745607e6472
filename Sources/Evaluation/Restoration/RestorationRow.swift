import Images
import Metrics

extension RestorationResult {
  /// Scores of one picture in all forms that papers and tools print; PSNR in dB.
  public struct Row: Sendable, Encodable {
    /// What the picture is called.
    public var name: String
    /// After and before restoring.
    public var psnr, inputPsnr: Double
    /// Structural similarity of the 2-D Gaussian form, after and before.
    public var ssim, inputSsim: Double
    /// The same on luma: PSNR and structural similarity.
    public var lumaPsnr, lumaSsim: Double
    /// PSNR on luma that is rounded to whole numbers.
    public var roundedLumaPsnr: Double
    /// Structural similarity of the 3-D Gaussian form.
    public var ssim3d: Double
    /// Structural similarity of scikit-image's default form.
    public var ssimUniform: Double
    /// PSNR of values that are cut to the range and not rounded; nil for methods that give pictures.
    public var unroundedPsnr: Double?
    /// PSNR of values that are neither cut nor rounded; nil for methods that give pictures.
    public var uncutPsnr: Double?

    /// Width times height.
    public var pixels: Int

    /// Smallest side of what is compared, the window of structural similarity.
    static let smallestSide = 11

    /// Compares a restored picture with its pair.
    init(
      name: String, output: (image: Image, values: [Float]?), pair: (degraded: Image, clean: Image),
      border: Int
    ) {
      let (image, clean) = (output.image, pair.clean)
      self.name = name
      pixels = image.width * image.height
      psnr = peakSignalToNoise(image, clean, border: border)
      inputPsnr = peakSignalToNoise(pair.degraded, clean, border: border)
      ssim = StructuralSimilarity.gaussian2D(image, clean, border: border)
      inputSsim = StructuralSimilarity.gaussian2D(pair.degraded, clean, border: border)
      lumaPsnr = peakSignalToNoise(image, clean, channels: .luma, border: border)
      lumaSsim = StructuralSimilarity.gaussian2D(image, clean, channels: .luma, border: border)
      roundedLumaPsnr = peakSignalToNoise(image, clean, channels: .roundedLuma, border: border)
      ssim3d = StructuralSimilarity.gaussian3D(image, clean, border: border)
      ssimUniform = StructuralSimilarity.uniform(image, clean, border: border)
      unroundedPsnr = output.values.map {
        peakSignalToNoise(values: $0, clean, isCut: true, border: border)
      }
      uncutPsnr = output.values.map {
        peakSignalToNoise(values: $0, clean, isCut: false, border: border)
      }
    }
  }
}
