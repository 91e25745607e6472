"""One figure of tools/benchmark, done by another library: peer.py PEER FIGURE --folder FOLDER.

Takes one sample per line of input and answers in JSON, as the benchmark's own workers do.
"""
import argparse
import importlib
import os
import pathlib

import protocol

MODULES = {
    "torch": "networks", "scipy": "assignments", "numpy": "retrieval", "opencv": "opencv_media",
    "ffmpeg": "ffmpeg_media", "whole": "whole_job",
}

# Keeps large buffers in the process between steps; worth +16 % on PyTorch's ResNet-50, 5 % on its NAFNet
# and nothing on transformers.
KEPT_MEMORY = (
    "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:"
    "glibc.malloc.top_pad=268435456:glibc.malloc.hugetlb=1")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=sorted(MODULES))
    parser.add_argument("figure")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    convolutions = any(
        word in arguments.figure for word in ("resnet", "convnet", "nafnet", "whole-job"))
    if convolutions and "GLIBC_TUNABLES" not in os.environ:
        os.environ["GLIBC_TUNABLES"] = KEPT_MEMORY
        os.execv("/proc/self/exe", [os.sys.executable, *os.sys.orig_argv[1:]])
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    module = importlib.import_module(MODULES[arguments.peer])
    protocol.serve(*module.prepare(arguments), warmup=arguments.warmup)


if __name__ == "__main__":
    main()
