"""Video decoding by the ffmpeg program, to raw RGB that goes nowhere."""
import subprocess


def prepare(arguments):
    path = arguments.folder / "walk-1280x720.mp4"
    shrinks = ["-vf", "scale=-2:360"] if arguments.figure.endswith("-to-360") else []
    command = [
        "ffmpeg", "-v", "error", "-threads", str(arguments.threads), "-i", str(path), *shrinks,
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-y", "/dev/null", "-progress", "-"]

    def step():
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return int([line for line in text.splitlines() if line.startswith("frame=")][-1][6:])

    version = subprocess.run(["ffmpeg", "-version"], check=True, capture_output=True, text=True)
    return step, step(), " ".join(version.stdout.split()[:3:2])
