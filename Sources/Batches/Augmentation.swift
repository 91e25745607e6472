public import Backbones
public import Images
public import Recipes
public import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension SimMIMAugmentation {
  /// A random resized crop and mirror, as in SimMIM: area share and log-uniform aspect, ten tries.
  public func change(of image: Image, random: inout RandomStream) -> PictureChange {
    var change = PictureChange(keeping: image)
    let (width, height) = (Double(image.width), Double(image.height))
    for _ in 0..<10 {
      let area =
        width * height
        * Double(random.uniform(Float(cropAreaMinimum)...Float(cropAreaMaximum)))
      // The aspect is relative to the picture's own, so that persons stay upright rectangles.
      let aspect =
        exp(Double(random.uniform(Float(log(aspectMinimum))...Float(log(aspectMaximum)))))
        * width / height
      let (cropWidth, cropHeight) = ((area * aspect).squareRoot(), (area / aspect).squareRoot())
      guard cropWidth <= width, cropHeight <= height else { continue }
      change.crop = Rectangle(
        left: Double(random.uniform()) * (width - cropWidth),
        top: Double(random.uniform()) * (height - cropHeight), width: cropWidth,
        height: cropHeight)
      break
    }
    change.flips = random.uniform() < Float(flip)
    return change
  }
}

extension ISRAugmentation {
  /// A random scale crop, mirror, colour change and erased rectangle.
  ///
  /// `style` is the camera the picture comes from and `styles` those it may be made to look like.
  public func change(
    of image: Image, extent: Extent, style: CameraStyle? = nil, styles: [CameraStyle] = [],
    random: inout RandomStream
  ) -> PictureChange {
    var change = PictureChange(keeping: image)
    let side = Double(random.uniform(Float(scaleMinimum)...1))
    let stretch = exp(
      Double(random.uniform(-1...1)) * log(1 + aspectChange) / 2)
    let width = Double(image.width) * min(side * stretch, 1)
    let height = Double(image.height) * min(side / stretch, 1)
    change.crop = Rectangle(
      left: Double(random.uniform()) * (Double(image.width) - width),
      top: Double(random.uniform()) * (Double(image.height) - height), width: width,
      height: height)
    change.flips = random.uniform() < Float(flip)
    colour(&change, style: style, styles: styles, random: &random)
    if random.uniform() < Float(erasing) {
      change.erased = erasedPart(extent: extent, random: &random)
    }
    return change
  }

  private func colour(
    _ change: inout PictureChange, style: CameraStyle?, styles: [CameraStyle],
    random: inout RandomStream
  ) {
    func around(_ amount: Double) -> Float {
      1 + Float(amount) * random.uniform(-1...1)
    }
    let (bright, contrastFactor) = (around(brightness), around(contrast))
    for channel in 0..<3 {
      // Contrast turns about mid-grey, then brightness and the channel's own gain act.
      let gain = bright * around(channelGain)
      change.gain[channel] = gain * contrastFactor
      change.offset[channel] = gain * 0.5 * (1 - contrastFactor)
    }
    if cameraStyle > 0, let style, !styles.isEmpty, random.uniform() < Float(cameraStyle) {
      let other = styles[random.integer(below: styles.count)]
      for channel in 0..<3 {
        // First own camera → other camera, then the change above: gain (a v + b) + offset.
        let a = other.deviation[channel] / style.deviation[channel]
        let b = other.mean[channel] - a * style.mean[channel]
        change.offset[channel] += change.gain[channel] * b
        change.gain[channel] *= a
      }
    }
    change.gamma = random.uniform(Float(gammaMinimum)...Float(gammaMaximum))
    change.gray = random.uniform() < Float(gray) ? 1 : 0
  }

  private func erasedPart(
    extent: Extent, random: inout RandomStream
  ) -> (left: Int, top: Int, width: Int, height: Int)? {
    for _ in 0..<10 {
      let area =
        Double(extent.height * extent.width)
        * Double(random.uniform(Float(erasingAreaMinimum)...Float(erasingAreaMaximum)))
      let aspect = exp(Double(random.uniform(Float(log(0.3))...Float(log(3.33)))))
      let height = Int((area * aspect).squareRoot().rounded())
      let width = Int((area / aspect).squareRoot().rounded())
      guard height > 0, width > 0, height < extent.height, width < extent.width else { continue }
      return (
        random.integer(below: extent.width - width + 1),
        random.integer(below: extent.height - height + 1), width, height
      )
    }
    return nil
  }
}
