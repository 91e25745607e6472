import Foundation
import Spelling
import Testing

@testable import Datasets

struct ShardFormatTests {
  @Test func `a header reads back and guards its bytes`() throws {
    let entry = TarEntry(name: "v00001-f00000002-b003.jpg", size: 123_456)
    let header = entry.header
    #expect(header.count == 512)
    #expect(TarEntry(header[...]) == entry)
    for index in header.indices {
      var changed = header
      changed[index] ^= 1
      // A changed byte may hide only in the unused end of the checksum field.
      #expect(TarEntry(changed[...]) != entry || (154..<156).contains(index), "byte \(index)")
    }
    #expect(TarEntry([UInt8](repeating: 0, count: 512)[...]) == nil)
    #expect(TarEntry(header[..<511]) == nil)
  }

  @Test func `GNU tar lists and extracts a shard`() throws {
    let folder = try TemporaryFolder()
    #expect(try ExampleFootage.fill(folder.url))
    let shard = folder.path + "/crops-000000.tar"
    guard let list = try output("tar", ["tvf", shard]) else { return }
    #expect(list.status == 0)
    let lines = list.text.split(separator: "\n")
    #expect(lines.count == 10)
    #expect(lines.allSatisfy { $0.hasPrefix("-rw-r--r-- ") && $0.contains("v00000-f0000000") })
    let extracted = try TemporaryFolder()
    let result = try output("tar", ["xf", shard, "-C", extracted.path])
    #expect(result?.status == 0 && result?.text == "")
    let store = try CropStore(directory: folder.url)
    let files = try extracted.contents()
    for index in 0..<5 {
      #expect(try files[store.key(at: index) + ".jpg"] == store.jpeg(at: index))
      let record = try JSONDecoder().decode(
        CropRecord.self, from: Data(files[store.key(at: index) + ".json"] ?? []))
      #expect(record == store.records[index])
    }
  }

  @Test func `python reads shards and manifest alike`() throws {
    let folder = try TemporaryFolder()
    #expect(try ExampleFootage.fill(folder.url))
    try folder.write(
      "../check-\(folder.url.lastPathComponent).py",
      """
      import csv, json, os, sys, tarfile
      folder, videos, rows = sys.argv[1], set(), 0
      members = {}
      for name in sorted(os.listdir(folder)):
          if name.endswith(".tar"):
              with tarfile.open(os.path.join(folder, name), "r:") as archive:
                  for member in archive:
                      assert member.isfile() and member.mtime == 0 and member.uid == 0
                      assert member.mode == 0o644
                      content = archive.extractfile(member).read()
                      members[(name, member.name)] = (member.offset_data, content)
      with open(os.path.join(folder, "manifest.csv"), newline="", encoding="utf-8") as file:
          for row in csv.DictReader(file):
              offset, content = members.pop((row["shard"], row["key"] + ".jpg"))
              _, label = members.pop((row["shard"], row["key"] + ".json"))
              assert offset == int(row["offset"]) and len(content) == int(row["length"])
              assert content[:2] == b"\\xff\\xd8" and content[-2:] == b"\\xff\\xd9"
              label = json.loads(label)
              assert label["video"] == row["video"] and label["frame"] == int(row["frame"])
              assert label["clip"] == int(row["clip"])
              assert label["timestamp"] == int(row["timestamp"])
              assert label["seconds"] == float(row["seconds"])
              assert label["box"]["left"] == float(row["left"])
              assert label["box"]["height"] == float(row["height"])
              assert label["frameWidth"] == int(row["frame_width"])
              assert label["confidence"] == float(row["confidence"])
              assert str(label.get("identity", "")) == row["identity"]
              videos.add(row["video"])
              rows += 1
      assert not members
      assert "two\\nlines 東京.mov" in videos and 'Straße, "Nord".avi' in videos
      print(rows, len(videos))
      """)
    let script = folder.path + "/../check-\(folder.url.lastPathComponent).py"
    defer { try? FileManager.default.removeItem(atPath: script) }
    guard let result = try output("python3", [script, folder.path]) else { return }
    #expect(result.status == 0)
    #expect(result.text == "25 3\n")
  }

  @Test func `numbers are parsed as the library parses them`() throws {
    let folder = try TemporaryFolder()
    let hash = CounterHash(seed: 5, purpose: .split)
    var numbers: [Double] = [0, 1, -1, 0.1, 1e-5, 1e300, 123_456_789.25, 0.3333333333333333]
    for index in 0..<2000 {
      let integer = Double(hash.number(below: 1 << 40, UInt64(index)))
      numbers.append(integer / Double(1 << (index % 50)) * (index % 2 == 0 ? 1 : -1))
    }
    let text = numbers.map(CommaSeparated.text).joined(separator: ",")
    try folder.write("numbers.csv", text + "\n12,-7,x,,99999999999999999999,1.2.3,-,.\n")
    let size = try folder.contents()["numbers.csv"]?.count ?? 0
    var reader = try ManifestReader(path: folder.path + "/numbers.csv", length: size)
    let hasRow1 = reader.advance()
    #expect(hasRow1)
    for (index, number) in numbers.enumerated() {
      let read = reader.number(index)
      #expect(read == number)
    }
    let hasRow2 = reader.advance()
    #expect(hasRow2)
    let integers = (0..<8).map { reader.integer($0) }
    #expect(integers == [12, -7, nil, nil, nil, nil, nil, nil])
    let broken = (2..<8).map { reader.number($0) }
    #expect(broken == [nil, nil, 1e20, nil, nil, nil])
    let hasMore = reader.advance()
    #expect(!hasMore)
  }

  @Test func `rows longer than the buffer and quotes at its edge are read`() throws {
    let folder = try TemporaryFolder()
    let long = String(repeating: "a\"b,\n", count: 300_000)
    let line = "1," + CommaSeparated.quoted(long) + ",2\n"
    try folder.write("long.csv", line + line)
    var reader = try ManifestReader(
      path: folder.path + "/long.csv", length: line.utf8.count * 2)
    for _ in 0..<2 {
      let hasRow3 = reader.advance()
      #expect(hasRow3)
      let text = reader.text(1)
      #expect(text == long)
      let last = reader.integer(2)
      #expect(last == 2)
    }
    let hasMore = reader.advance()
    #expect(!hasMore)
  }
}
