"""The settings: unknown and wrong keys are named, and the unset cohort says what to do."""

import copy
import re
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from sharpflow.errors import UserError
from sharpflow.workflow.settings import Study, load_study
from sharpflow.workflow.settings.errors import RENAMED

ROOT = Path(__file__).parents[2]
COHORTS = ("joints", "whole_image", "bone_age")


@pytest.fixture
def config() -> dict:
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    return config | {"cohorts": "phantom"}


def changed(config: dict, path: str, value: object) -> dict:
    config = copy.deepcopy(config)
    *sections, key = path.split(".")
    section = config
    for name in sections:
        section = section[name]
    section[key] = value
    return config


def test_config_yaml_holds_the_papers_values(config: dict) -> None:
    study = load_study(config)
    assert (study.standardize.height, study.standardize.width) == (1500, 1200)
    assert study.masks.window == 37
    assert (study.unet.epochs, study.unet.batch, study.unet.learning_rate) == (200, 16, 1e-4)
    assert (study.detector.max_batches, study.detector.confidence) == (4000, 0.5)
    assert (study.heads.epochs, study.heads.learning_rate) == (250, 1e-4)
    assert (study.split.test, study.split.validation, study.split.random_state) == (0.1, 0.1, 42)
    assert (study.standardize.clahe.clip_limit, study.standardize.clahe.grid) == (2, 8)
    assert study.standardize.crop_bottom["foot"] == 0.25


def test_shares_of_images_add_up(config: dict) -> None:
    shares = {"train": 0.6, "validation": 0.6, "test": 0.2}
    split = config["whole_image"]["split"] | shares
    with pytest.raises(UserError, match=r"split: the shares train 0\.6, .* add up to 1\.4: give"):
        load_study(changed(config, "whole_image.split", split))


def test_shares_and_numbers_of_images_are_not_mixed(config: dict) -> None:
    split = config["whole_image"]["split"] | {"train": 8, "validation": 0.2}
    with pytest.raises(UserError, match=r"train 8, validation 0\.2 .*neither three shares nor"):
        load_study(changed(config, "whole_image.split", split))


def test_an_unknown_key_names_its_path_and_the_nearest_right_one(config: dict) -> None:
    with pytest.raises(UserError, match=r"unet\.epoch: unknown key; did you mean epochs\?"):
        load_study(changed(config, "unet.epoch", 3))


@pytest.mark.parametrize("path", RENAMED)
def test_a_renamed_key_is_told_its_new_name(config: dict, path: str) -> None:
    config["cohorts"] = {"joints": {"radiographs": "r"}, "whole_image": None, "bone_age": None}
    with pytest.raises(UserError) as caught:
        load_study(changed(config, path, 3))
    assert f"{path}: renamed: it is {RENAMED[path]} now (see Renamed" in str(caught.value)
    assert _known(Study, [*path.split(".")[:-1], RENAMED[path]])


def test_the_renamed_keys_are_those_of_the_changes() -> None:
    renamed = {}
    changes = (ROOT / "CHANGELOG.md").read_text()
    for old, new in re.findall(r"^\| key \| (.*) \| (.*) \|$", changes, re.MULTILINE):
        olds, news = (re.findall("`(.+?)`", cell) for cell in (old, new))
        section = olds[0].split(": ")[:-1]
        for key, name in zip(olds, news, strict=True):
            renamed[".".join([*section, key.split(": ")[-1]])] = name.split(": ")[-1]
    assert renamed == RENAMED


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("unet.epochs", "many", r"unet\.epochs: found 'many'.*integer"),
        ("unet.epochs", 0, r"unet\.epochs: found 0.*greater than 0"),
        ("heads.dropout", None, r"found None; input should be a number greater than or eq"),
        ("heads.dropout", float("nan"), r"found nan; input should be a number .* less than 1"),
        ("heads.learning_rate", float("inf"), r"found inf; input should be a number greater"),
        ("heads.seeds", 1.5, r"found 1\.5; input should be an integer greater than 0"),
        ("standardize.shards.hand", 0, r"found 0; input should be an integer greater than 0"),
        ("unet.kernels", [0], r"unet\.kernels\.0: found 0; input should be greater than 0"),
        (
            "whole_image.experiment_epochs",
            {"a": 0},
            r"experiment_epochs\.a: found 0; input should be greater",
        ),
        ("split.test", 1.5, r"split\.test: found 1\.5.*less than 1"),
        ("detector.model", "yolo9", r"detector\.model: found 'yolo9'.*'yolov3'"),
        ("detector.image_size", 300, r"detector\.image_size: found 300.*multiple of 32"),
        ("heads", 5, r"heads: found 5; input should be a section with keys of its own"),
        ("whole_image.devices", 3, r"whole_image\.devices: found 3.*1, 2, 4 or 'auto'"),
        ("whole_image.activation_checkpointing", "yess", r"found 'yess'.*true or false"),
        ("masks.window", 36, r"masks\.window: found 36; expected an odd number"),
        (
            "identification.rule",
            "guess",
            r"identification\.rule: found 'guess'.*'paper' or 'template'",
        ),
        ("standardize.crop_bottom.hand", -1, r"standardize\.crop_bottom\.hand: found -1"),
        ("whole_image.split.test", 0, r"split\.test: found 0; input should be a number greater"),
        ("study", "../elsewhere", r"study: found '\.\./elsewhere'; .* letters, digits"),
        ("study", 2024, r'study: found 2024; input should be text: put it in quotes, "2024"'),
        ("evaluation.resamples", 1, r"found 1; .* greater than or equal to 40"),
        ("phantom.children", 5, r"found 5; .* greater than or equal to 10"),
        ("standardize.shards.hand", "many", r"integer greater than 0, or 'auto'"),
        ("whole_image.experiments", "total-a", r"'total-a'; .* in brackets, as \[total-a\]"),
        ("whole_image.experiments", [], r"experiments: found no name; .* at least one name"),
        ("cohorts", "demo", r"cohorts: found 'demo'; .*'phantom'.*workflow-profile demo"),
        ("vgg16.weights", "imagenet", r"'imagenet'; .*'none', or a section with keys of its own"),
    ],
)
def test_a_wrong_value_says_what_was_found_and_what_is_allowed(
    config: dict, path: str, value: object, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        load_study(changed(config, path, value))


def test_all_wrong_keys_are_listed_at_once(config: dict) -> None:
    wrong = changed(changed(config, "seed", -1), "heads.keep", "worst")
    with pytest.raises(UserError) as caught:
        load_study(wrong)
    assert "seed: found -1" in str(caught.value)
    assert "heads.keep: found 'worst'" in str(caught.value)


def test_numbers_within_a_section_may_be_text_as_from_the_command_line(config: dict) -> None:
    config = changed(changed(config, "heads.seeds", "3"), "whole_image.devices", "2")
    study = load_study(config)
    assert (study.heads.seeds, study.whole_image.devices) == (3, 2)


def test_a_section_that_may_be_a_word_is_told_what_is_wrong_inside(config: dict) -> None:
    with pytest.raises(UserError) as error:
        load_study(changed(config, "cohorts", {"joints": {"radiograph": "x", "scores": "s.csv"}}))
    assert "cohorts.joints.radiograph: unknown key; did you mean radiographs?" in str(error.value)
    assert "phantom" not in str(error.value)


@pytest.mark.parametrize("cohort", ["joints", "whole_image"])
def test_a_cohort_of_null_is_none(config: dict, cohort: str) -> None:
    study = load_study(config | {"cohorts": dict.fromkeys(COHORTS, "phantom") | {cohort: None}})
    assert not getattr(study.cohorts, f"has_{cohort}")


def test_what_whole_images_lack_is_said_in_one_line(config: dict) -> None:
    with pytest.raises(UserError, match="bone_age is not, on which") as error:
        load_study(config | {"cohorts": dict.fromkeys(COHORTS, "phantom") | {"bone_age": None}})
    assert str(error.value).count("\n") == 1


def test_a_missing_key_is_named(config: dict) -> None:
    del config["masks"]["window"]
    with pytest.raises(UserError, match=r"masks\.window: missing"):
        load_study(config)


def test_without_a_cohort_the_ways_on_are_named() -> None:
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    with pytest.raises(UserError, match="workflow-profile demo") as caught:
        load_study(config)
    assert "cohorts=phantom" in str(caught.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("radiographs", r"cohorts\.joints: boxes is null.*labelImg.*phantom"),
        ("scores", r"cohorts\.joints: radiographs is null, but scores is set"),
    ],
)
def test_what_a_joint_cohort_lacks_is_said_in_one_line(given: str, message: str) -> None:
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["cohorts"]["joints"][given] = "here"
    with pytest.raises(UserError, match=message) as error:
        load_study(config)
    assert str(error.value).count("\n") == 1


def test_the_template_of_an_own_study_is_right_at_small_and_at_full_sizes() -> None:
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    template = (ROOT / "profiles" / "own" / "study.yaml").read_text()
    own, rest = template.split("# ---- Small sizes")
    small, full = rest.split("# ---- Full sizes")
    full = re.sub(r"^# ?", "", full.partition("\n#\n")[2], flags=re.MULTILINE)
    small = load_study(_laid_over(config, yaml.safe_load(f"{own}\n#{small}")))
    assert small.cohorts.has_joints and small.cohorts.has_whole_image
    assert (small.vgg16.weights, small.detector.weights) == ("none", "none")  # no downloads
    study = load_study(_laid_over(config, yaml.safe_load(own) | yaml.safe_load(full)))
    assert (study.phantom.patients, study.phantom.children) == (367, 14036)
    assert (study.unet.epochs, study.whole_image.split.train) == (200, 0.7)


def _laid_over(config: dict, changes: dict) -> dict:
    """As Snakemake lays one file over another."""
    return config | {
        key: _laid_over(config[key], value)
        if isinstance(value, dict) and isinstance(config[key], dict)
        else value
        for key, value in changes.items()
    }


def test_every_key_of_config_yaml_is_explained() -> None:
    """A comment stands above each section and each key that opens a line of its own."""
    lines = (ROOT / "config.yaml").read_text().splitlines()
    for above, line in pairwise(lines):
        if re.match(r"^ {0,2}[a-z_0-9]+:", line):
            explained = above.lstrip().startswith("#") or re.match(r" {2}[a-z_0-9]+:", above)
            assert explained, f"no comment above: {line}"


def test_profiles_change_only_known_keys(config: dict) -> None:
    overlays = list((ROOT / "profiles").glob("*/study.yaml"))
    assert len(overlays) >= 2
    for overlay in overlays:
        for path in _paths(yaml.safe_load(overlay.read_text())):
            assert _known(Study, path.split(".")), f"{overlay}: {path}"


def _paths(tree: dict, prefix: str = "") -> list[str]:
    paths = []
    for key, value in tree.items():
        paths += _paths(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key]
    return paths


def _known(model: type[BaseModel], keys: list[str]) -> bool:
    field = model.model_fields.get(keys[0])
    if field is None:
        return False
    inner = field.annotation
    is_section = isinstance(inner, type) and issubclass(inner, BaseModel)
    return _known(inner, keys[1:]) if len(keys) > 1 and is_section else True
