"""Joint boxes that labelImg wrote: Pascal VOC XML or YOLO text."""

from pathlib import Path
from xml.etree import ElementTree

import pandas as pd

from sharpflow.files import whole

BOX_COLUMNS = ["image_id", "class", "x_min", "y_min", "x_max", "y_max"]
_SIDES = {"xmin": "x_min", "ymin": "y_min", "xmax": "x_max", "ymax": "y_max"}


def write_voc(path: str | Path, image_id: str, size: tuple[int, int], boxes: pd.DataFrame) -> None:
    """Write the boxes of one film as labelImg writes Pascal VOC.

    `size` is (height, width) of the film in pixels; `boxes` has columns class, x_min, y_min,
    x_max, y_max in film pixels, which are rounded to whole ones, as labelImg's are.
    """
    height, width = size
    root = ElementTree.Element("annotation")
    for tag, text in (("folder", "films"), ("filename", f"{image_id}.jpg")):
        ElementTree.SubElement(root, tag).text = text
    source = ElementTree.SubElement(root, "source")
    ElementTree.SubElement(source, "database").text = "Unknown"
    shape = ElementTree.SubElement(root, "size")
    for tag, number in (("width", width), ("height", height), ("depth", 1)):
        ElementTree.SubElement(shape, tag).text = str(number)
    ElementTree.SubElement(root, "segmented").text = "0"
    for box in boxes.to_dict("records"):
        item = ElementTree.SubElement(root, "object")
        ElementTree.SubElement(item, "name").text = str(box["class"])
        for tag, text in (("pose", "Unspecified"), ("truncated", "0"), ("difficult", "0")):
            ElementTree.SubElement(item, tag).text = text
        corners = ElementTree.SubElement(item, "bndbox")
        for tag, column in _SIDES.items():
            ElementTree.SubElement(corners, tag).text = str(round(float(box[column])))
    ElementTree.indent(root, "\t")
    with whole(path) as temporary:
        ElementTree.ElementTree(root).write(temporary, encoding="utf-8")
