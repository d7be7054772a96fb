"""DICOM files with known pixels, and with a name planted wherever a header may hold one."""

from pathlib import Path
from typing import Any

import numpy as np

# What no output may hold; each may be grepped for.
PLANTED = {
    "PatientName": "Plantedname^Anna",
    "PatientID": "PLANTID77",
    "PatientBirthDate": "19470229",  # no day of any calendar: pydicom would quote it
    "AccessionNumber": "ACCPLANT9",
    "OtherPatientIDs": "OTHERPLANT5",
    "InstitutionName": "Plantedname Hospital",
    "SeriesDescription": "Hand of Plantedname",
    "PatientComments": "Plantedname",
    "StudyDate": "20190317",
}
SECRETS = ("plantedname", "plantid77", "19470229", "accplant9", "otherplant5", "20190317")

IMPLICIT, LITTLE, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
RLE = "1.2.840.10008.1.2.5"
BASELINE, EXTENDED = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"
LOSSLESS, LOSSLESS_FIRST = "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"
JPEG_LS, JPEG_2000 = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"


def header(**elements: Any) -> Any:
    """A computed radiograph's header, without pixels, with PLANTED in it."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ComputedRadiographyImageStorage, generate_uid

    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["sharpflow"])
    dataset.SOPClassUID = ComputedRadiographyImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID
    for name, value in ({"Modality": "CR"} | PLANTED | elements).items():
        setattr(dataset, name, value)
    dataset.add_new(0x00091001, "LO", "Plantedname of the maker")
    return dataset


def image(pixels: np.ndarray, bits: int | None = None, **elements: Any) -> Any:
    """A radiograph of uint8, int8, uint16 or int16 pixels, as little endian."""
    allocated = pixels.dtype.itemsize * 8
    bits = bits or allocated
    dataset = header(
        **{
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "Rows": pixels.shape[0],
            "Columns": pixels.shape[1],
            "BitsAllocated": allocated,
            "BitsStored": bits,
            "HighBit": bits - 1,
            "PixelRepresentation": int(pixels.dtype.kind == "i"),
        }
        | elements
    )
    data = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    dataset.PixelData = elements.get("PixelData", data + b"\0" * (len(data) % 2))
    dataset["PixelData"].VR = "OW" if allocated == 16 else "OB"
    dataset["PixelData"].is_undefined_length = "PixelData" in elements
    return dataset


def save(path: Path, dataset: Any, syntax: str = LITTLE, *, whole: bool = True) -> Path:
    """Write a dataset as it is; `whole` files have a preamble and say their syntax."""
    from pydicom import dcmwrite

    if whole:
        dataset.file_meta.TransferSyntaxUID = syntax
        dcmwrite(path, dataset, enforce_file_format=True)
    else:
        del dataset.file_meta
        implicit, little = syntax == IMPLICIT, syntax != BIG
        dcmwrite(path, dataset, implicit_vr=implicit, little_endian=little)
    return path


def save_compressed(path: Path, pixels: np.ndarray, syntax: str, **elements: Any) -> Path:
    """Write a radiograph whose pixels are compressed, without loss where the syntax can."""
    import imagecodecs
    from pydicom.encaps import encapsulate

    dataset = image(pixels, **elements)
    bits = dataset.BitsStored
    if syntax == RLE:
        dataset.file_meta.TransferSyntaxUID = LITTLE
        dataset.compress(RLE, generate_instance_uid=False)
        return save(path, dataset, syntax)
    if syntax in (LOSSLESS, LOSSLESS_FIRST):
        stream = imagecodecs.jpeg8_encode(pixels, lossless=True, bitspersample=bits)
    elif syntax in (BASELINE, EXTENDED):
        stream = imagecodecs.jpeg8_encode(pixels, level=98, bitspersample=bits)
    elif syntax == JPEG_LS:
        stream = imagecodecs.jpegls_encode(pixels)
    else:
        stream = imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", level=0, reversible=True)
    dataset.PixelData = encapsulate([bytes(stream)])
    dataset["PixelData"].is_undefined_length = True
    return save(path, dataset, syntax)
