"""A camera that looks at a code: a film for Chromium, and how to start Chromium with it."""

from __future__ import annotations

import segno

WIDTH, HEIGHT = 640, 480


def film(path, text):
    """One still frame of a code, in the form that Chromium takes for a camera (YUV4MPEG2)."""
    code = segno.make(text, micro=False)
    rows = [list(row) for row in code.matrix_iter(scale=4, border=4)]
    grey = bytearray(b"\xff" * (WIDTH * HEIGHT))
    top, left = (HEIGHT - len(rows)) // 2, (WIDTH - len(rows[0])) // 2
    assert top >= 0
    for y, row in enumerate(rows):
        start = (top + y) * WIDTH + left
        grey[start : start + len(row)] = bytes(0 if dark else 255 for dark in row)
    colour = b"\x80" * (WIDTH * HEIGHT // 2)
    header = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420\n".encode()
    path.write_bytes(header + (b"FRAME\n" + bytes(grey) + colour) * 3)
    return path


def arguments(seen):
    """What Chromium is started with to take the film ``seen`` for its camera."""
    return [
        "--no-sandbox",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={seen}",
    ]
