internal import CKernels

/// Runs `body` for every index below `count` on the threads of the process's pool.
///
/// The calls may run at the same time and in any order: each must write to its own places only.
func inParallel(_ count: Int, _ body: (_ index: Int) -> Void) {
  withoutActuallyEscaping(body) { body in
    // The pool hands a plain pointer through; the closure lives until all parts are done.
    var body = body
    withUnsafeMutablePointer(to: &body) { pointer in
      ck_parallel(
        Int32(count),
        { context, part in
          context?.assumingMemoryBound(to: ((Int) -> Void).self).pointee(Int(part))
        }, pointer)
    }
  }
}
