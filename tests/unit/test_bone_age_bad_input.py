"""What can be wrong with a cohort of bone ages, and both layouts that are fine."""

from pathlib import Path
from typing import Any

import pytest

from sharpflow.cohorts.bone_age import list_bone_age
from sharpflow.cohorts.check_whole_images import ImageCohort, check_bone_age
from sharpflow.errors import ProblemsError
from sharpflow.whole_image.data.packing import pack

from .whole_radiographs import MAX_PIXELS, SIZE, save_radiograph


@pytest.fixture
def children(tmp_path: Path) -> Path:
    """Bone ages in the RSNA's layouts."""
    for number in range(1, 7):
        part = "training" if number < 5 else "validation"
        save_radiograph(tmp_path / part / f"{number}.png", number)
    (tmp_path / "training.csv").write_text(
        "id,boneage,male\n1,180,False\n2,12,True\n3,94,FALSE\n4,1,true\n"
    )
    (tmp_path / "validation.csv").write_text(
        "Image ID,male,Bone Age (months)\n5,FALSE,125.64\n6,TRUE,216\n"
    )
    return tmp_path


def check_children(folder: Path, **settings: Any) -> ImageCohort:
    training = (folder / "training.csv", folder / "training")
    validation = (folder / "validation.csv", folder / "validation")
    sources = (*training, *settings.pop("validation", validation))
    _, packed, unpacked = pack(list_bone_age(*sources).paths(), SIZE, MAX_PIXELS)
    return check_bone_age(*sources, packed=packed, unpacked=unpacked, **settings)


def test_both_layouts_of_bone_age(children: Path) -> None:
    images = check_children(children).images
    assert images["image_id"].tolist() == ["1", "2", "3", "4", "5", "6"]
    assert images["months"].tolist() == [180, 12, 94, 1, 125.64, 216]
    assert images["male"].tolist() == [False, True, False, True, False, True]
    assert images["part"].tolist() == ["training"] * 4 + ["validation"] * 2
    assert (images["patient"] == images["image_id"]).all()
    alone = check_children(children, validation=(None, None)).images
    assert alone["part"].tolist() == ["training"] * 4


def test_all_that_is_wrong_with_bone_ages_comes_at_once(children: Path) -> None:
    (children / "training.csv").write_text(
        "id,boneage,male\n1,300,False\n2,twelve,True\n3,94,perhaps\n5,9,True\n9,8,True\n"
    )
    (children / "validation" / "6.png").unlink()
    with pytest.raises(ProblemsError) as caught:
        check_children(children)
    lines = [str(problem) for problem in caught.value.problems]
    for words in (
        ("training.csv, row 2, image 1, column boneage", "'300'", "from 0 to 250"),
        ("training.csv, row 3, image 2, column boneage", "'twelve'"),
        ("training.csv, row 4, image 3, column male", "'perhaps'"),
        ("validation.csv, row 2, image 5", "again", "training.csv, row 5"),
        ("training/9", "row 6, image 9", "no file"),
        ("validation/6", "row 3, image 6", "no file"),
    ):
        assert any(all(word in line for word in words) for line in lines), (words, lines)


def test_missing_column_of_bone_ages(children: Path) -> None:
    (children / "validation.csv").write_text("Image ID,sex,Bone Age\n5,F,12\n")
    with pytest.raises(ProblemsError) as caught:
        check_children(children, on_problem="set_aside")
    lines = [str(problem) for problem in caught.value.problems]
    assert any("column Bone Age (months)" in line and "but Bone Age" in line for line in lines)
    assert any("validation.csv, row 1, column male" in line for line in lines)
