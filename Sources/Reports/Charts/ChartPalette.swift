/// Colours of the charts: dark on white, and apart for colour-blind eyes.
///
/// **Source**: the palette of Okabe and Ito, "Color Universal Design" (2008), without its yellow,
/// which is too light on white; further series repeat it with dashed lines.
enum ChartPalette {
  static let series = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444"]
  static let dashes = ["", "7 4", "2 3", "9 3 2 3"]
  static let text = "#1F2933"
  static let mutedText = "#5B6770"
  static let gridLine = "#E4E8EB"
  static let axisLine = "#8A959E"

  static func colour(_ index: Int) -> String { series[index % series.count] }

  static func dash(_ index: Int) -> String { dashes[index / series.count % dashes.count] }
}
