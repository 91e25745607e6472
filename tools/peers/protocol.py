"""The lines that a worker of tools/benchmark reads and writes."""
import json
import math
import os
import resource
import sys
import time


def cpu_seconds():
    """Time of this process and of the programs it has run."""
    return sum(os.times()[:4])


def peak_bytes():
    """Largest resident set of this program or of one that it has run."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if os.path.exists("/proc/self/status"):
        # What getrusage counts starts from the size of the process that started this one.
        with open("/proc/self/status") as status:
            own = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return 1024 * max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def timed(step, repetitions):
    cpu, wall = cpu_seconds(), time.perf_counter()
    for _ in range(repetitions):
        step()
    return {"seconds": time.perf_counter() - wall, "cpuSeconds": cpu_seconds() - cpu}


def tell(message):
    print(json.dumps(message), flush=True)


def serve(step, work, library, warmup):
    """Warms `step` up, then times it once per line of input; `work` is what one call does."""
    for _ in range(warmup):
        step()
    once = timed(step, 1)["seconds"]
    repetitions = max(1, math.ceil(0.05 / max(once, 1e-7)))
    tell({"work": work, "repetitions": repetitions, "library": library})
    for _ in sys.stdin:
        tell(timed(step, repetitions))
    tell({"peakBytes": peak_bytes()})
