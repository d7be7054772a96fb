"""Small radiographs, labels and tables as other programs write them, some of them odd."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

HEIGHT, WIDTH = 24, 20
GREY = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
PNG = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with(first: bytes = b"", last: bytes = b"") -> bytes:
    """GREY as a PNG with further chunks before and after its pixels."""
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)
    lines = b"".join(b"\0" + line.tobytes() for line in GREY)
    pixels = chunk(b"IDAT", zlib.compress(lines))
    return PNG + chunk(b"IHDR", header) + first + pixels + last + chunk(b"IEND", b"")


def xmp(megabytes: float, *, compressed: bool = False) -> bytes:
    """A chunk of XMP metadata."""
    text = b"<x:xmpmeta>" + b" " * int(megabytes * 1e6) + b"</x:xmpmeta>"
    return chunk(
        b"iTXt",
        b"XML:com.adobe.xmp\0"
        + (b"\1\0" if compressed else b"\0\0")
        + b"\0\0"
        + (zlib.compress(text) if compressed else text),
    )


def exif(kind: int, value: bytes) -> bytes:
    """EXIF with an orientation of a type of our choice."""
    entry = struct.pack("<HHI", 0x0112, kind, 1) + value.ljust(4, b"\0")
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + entry + struct.pack("<I", 0)


def jpg_with(exif_data: bytes) -> bytes:
    """GREY as a JPG with this EXIF."""
    file = io.BytesIO()
    Image.fromarray(GREY).save(file, "JPEG", quality=95, exif=b"Exif\0\0" + exif_data)
    return file.getvalue()


def encoded(pixels: npt.NDArray[np.generic], suffix: str) -> bytes:
    """An image of 8 or 16 bits a channel, by OpenCV."""
    done, data = cv2.imencode(suffix, pixels)
    assert done
    return data.tobytes()


def tiff(compression: str) -> bytes:
    """GREY as a TIFF with metadata."""
    file = io.BytesIO()
    Image.fromarray(GREY).save(file, "TIFF", compression=compression, tiffinfo={274: 6, 270: "x"})
    return file.getvalue()


VOC = (
    f"<annotation><size><width>{WIDTH}</width><height>{HEIGHT}</height></size>"
    "<object><name>PIP2</name><bndbox><xmin>2</xmin><ymin>3</ymin><xmax>9</xmax><ymax>12</ymax>"
    "</bndbox></object></annotation>"
).encode()
YOLO = b"0 0.5 0.5 0.2 0.2\n1.0 0.25 0.75 0.1 0.1\n"
LIST = b"image_id,patient,limb,file,visit\nA-LH,A,LH,A-LH.png,1\nA-RH,A,RH,A-RH.png,\n"
BONE_AGE = b"id,boneage,male\n1,180,False\n2,12,True\n"
COMMENTS = b'image_id,comment\nx,"Sound, but old"\n'


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
