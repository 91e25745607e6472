/// Why a description of the transformers library is of no use here.
struct TransformersRefusal: Error, CustomStringConvertible {
  let description: String
}
