public import Images
public import Tensors

/// How clean pictures are spoiled for training or for a test, by name.
///
/// - `noise25`, `jpeg10`, `blur2`, `sr4`: one kind of one strength;
/// - `mixed`: blur .6…1.6, reduction 2…4, noise 5…20, JPEG 30…70, in this order;
/// - `random`: 1 to 6 kinds drawn with replacement, in random order (PROD);
/// - `single`: one kind drawn; `fixed`: as many kinds as `random`, always in the same order.
///
/// **Source** of `random`: the pretraining with random order degradations of CoLoRA; its parameter ranges
/// are not published, these follow public blind super-resolution configurations.
public enum DegradationChoice: Sendable, Hashable, CustomStringConvertible {
  /// Gaussian noise.
  case noise(Int)
  /// JPEG.
  case jpeg(Int)
  /// Gaussian blur; the deviation in pixels.
  case blur(Double)
  /// Bicubic reduction and enlargement.
  case superResolution(Int)
  /// A hidden mixture.
  case mixed
  /// Random kinds in random order.
  case random
  /// One random kind.
  case single
  /// Random kinds in a fixed order.
  case fixed

  /// Reads a name; nil for one that means nothing.
  public init?(_ name: String) {
    let kinds = ["noise", "jpeg", "blur", "sr"]
    switch name {
    case "mixed": self = .mixed
    case "random": self = .random
    case "single": self = .single
    case "fixed": self = .fixed
    default:
      guard let kind = kinds.first(where: name.hasPrefix),
        let strength = Double(name.dropFirst(kind.count)), strength > 0
      else { return nil }
      switch kind {
      case "noise": self = .noise(Int(strength))
      case "jpeg" where strength <= 100: self = .jpeg(Int(strength))
      case "blur" where strength <= 50: self = .blur(strength)
      case "sr" where strength >= 2 && strength <= 16: self = .superResolution(Int(strength))
      default: return nil
      }
    }
  }

  /// Names that people may type, for messages.
  public static let examples = "noise25, jpeg10, blur2, sr4, mixed, random, single, fixed"

  /// The name as it is typed.
  public var description: String {
    switch self {
    case .noise(let sigma): "noise\(sigma)"
    case .jpeg(let quality): "jpeg\(quality)"
    case .blur(let sigma): sigma == sigma.rounded() ? "blur\(Int(sigma))" : "blur\(sigma)"
    case .superResolution(let factor): "sr\(factor)"
    case .mixed: "mixed"
    case .random: "random"
    case .single: "single"
    case .fixed: "fixed"
    }
  }

  /// The steps for one picture, with all their strengths drawn.
  public func steps(random: inout RandomStream) -> [Degradation] {
    switch self {
    case .noise(let sigma): return [.noise(sigma: Float(sigma), isGray: false)]
    case .jpeg(let quality): return [.jpeg(quality: quality)]
    case .blur(let sigma): return [.blur(.gaussian(sigma: sigma))]
    case .superResolution(let factor):
      return [.resized(factor: Float(factor), down: .bicubic, up: .bicubic)]
    case .mixed:
      return [
        .blur(.gaussian(sigma: Double(random.uniform(0.6...1.6)))),
        .resized(factor: random.uniform(2...4), down: .bicubic, up: .bicubic),
        .noise(sigma: random.uniform(5...20), isGray: false),
        .jpeg(quality: 30 + random.integer(below: 41)),
      ]
    case .single: return [Self.drawn(random.integer(below: Self.kinds), random: &random)]
    case .random, .fixed:
      let length = 1 + random.integer(below: 6)
      var kinds = (0..<length).map { _ in random.integer(below: Self.kinds) }
      if self == .fixed { kinds.sort() }
      return kinds.map { Self.drawn($0, random: &random) }
    }
  }

  /// Spoils a picture and rounds it to 8 bits.
  public func applied(to image: Image, random: inout RandomStream) -> Image {
    var picture = FloatPicture(image)
    for step in steps(random: &random) { picture = step.applied(to: picture, random: &random) }
    return picture.image
  }

  /// Kinds that `random` draws from.
  private static let kinds = 7

  private static func drawn(_ kind: Int, random: inout RandomStream) -> Degradation {
    switch kind {
    case 0: return .blur(.drawn(random: &random))
    case 1:
      return .blur(
        .line(length: 5 + random.integer(below: 27), angle: Double(random.uniform(0...Float.pi))))
    case 2:
      let isGray = random.uniform() < 0.4
      return random.uniform() < 0.5
        ? .noise(sigma: random.uniform(1...30), isGray: isGray)
        : .photonNoise(scale: random.uniform(0.05...3), isGray: isGray)
    case 3:
      return .rain(
        density: random.uniform(0.005...0.04), length: 9 + random.integer(below: 37),
        angle: random.uniform(-Float.pi / 4...Float.pi / 4), gain: random.uniform(0.4...1))
    case 4: return .jpeg(quality: 30 + random.integer(below: 66))
    case 5:
      let filters: [ResamplingFilter] = [.nearest, .bilinear, .bicubic]
      return .resized(
        factor: random.uniform(1...4), down: filters[random.integer(below: 3)],
        up: filters[1 + random.integer(below: 2)])
    default:
      return random.uniform() < 0.5
        ? .haze(beta: random.uniform(0.6...2.4), air: random.uniform(0.7...1))
        : .lowLight(gain: random.uniform(0.3...1), gamma: random.uniform(1...3))
    }
  }
}
