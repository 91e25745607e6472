import Tensors
import Testing

struct OutOfMemoryTests {
  @Test func `memory that is not to be had ends the process with a sentence`() async throws {
    let result = try #require(
      await #expect(
        processExitsWith: .exitCode(70), observing: [\.standardErrorContent]
      ) {
        // 256 TiB: more than a process can address.
        _ = Tensor(uninitialized: [1 << 46])
      })
    let text = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(text.contains("Out of memory: 268435456.0 MiB more were asked for"))
    #expect(text.contains("take a smaller batch"))
  }

  @Test func `the sentence goes to standard output where that was asked for`() async throws {
    let result = try #require(
      await #expect(
        processExitsWith: .exitCode(70),
        observing: [\.standardErrorContent, \.standardOutputContent]
      ) {
        Compute.announceLackOfMemory(before: "<", after: ">\n")
        _ = Tensor(uninitialized: [1 << 46])
      })
    let error = String(decoding: result.standardErrorContent, as: UTF8.self)
    let output = String(decoding: result.standardOutputContent, as: UTF8.self)
    let sentence = try #require(error.split(separator: "\n").last)
    #expect(sentence.hasPrefix("Out of memory: 268435456.0 MiB more were asked for"))
    #expect(output.hasSuffix("<\(sentence)>\n"))
  }
}
