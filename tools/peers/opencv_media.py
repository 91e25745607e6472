"""Video and JPEG decoding by OpenCV."""
import cv2


def prepare(arguments):
    if arguments.figure.startswith("jpeg"):
        cv2.setNumThreads(1)
        return pictures(arguments.folder / "pictures")
    cv2.setNumThreads(arguments.threads)
    return frames(arguments.folder / "walk-1280x720.mp4", arguments.figure.endswith("-to-360"))


def frames(path, shrinks):
    def step():
        capture, count = cv2.VideoCapture(str(path)), 0
        while True:
            more, frame = capture.read()
            if not more:
                return count
            if shrinks:
                frame = cv2.resize(frame, (640, 360), interpolation=cv2.INTER_AREA)
            cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
            count += 1

    return step, step(), f"OpenCV {cv2.__version__}"


def pictures(folder):
    paths = [str(path) for path in sorted(folder.glob("*.jpg"))]

    def step():
        for path in paths:
            # Half size in the decoder, then linear without antialiasing: OpenCV's fastest way.
            image = cv2.cvtColor(cv2.imread(path, cv2.IMREAD_REDUCED_COLOR_2), cv2.COLOR_BGR2RGB)
            cv2.resize(image, (224, 224), interpolation=cv2.INTER_LINEAR)

    return step, len(paths), f"OpenCV {cv2.__version__}"
