import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from zr0_core.types import FloatArray
from zr0_policy.fast.errors import ActionTokenError
from zr0_policy.fast.files import load_fast_tokenizer, save_fast_tokenizer
from zr0_policy.fast.tokenizer import FastTokenizer

Motions = Callable[..., list[FloatArray]]
Damage = Callable[[Path], object]


@pytest.fixture(scope="module")
def saved(tokenizer: FastTokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("fast") / "new" / "saved"
    save_fast_tokenizer(tokenizer, directory)
    return directory


def test_what_is_saved_is_loaded_with_the_same_ids(saved: Path, tokenizer: FastTokenizer, motions: Motions) -> None:
    loaded = load_fast_tokenizer(saved)
    assert loaded == tokenizer
    for chunk in motions(30, seed=4):
        assert loaded.encode(3 * chunk) == tokenizer.encode(3 * chunk)


def test_the_layout_is_the_published_one(saved: Path, tokenizer: FastTokenizer) -> None:
    assert sorted(path.name for path in saved.iterdir()) == [
        "processor_config.json",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert json.loads((saved / "processor_config.json").read_text()) == {
        "action_dim": None,
        "auto_map": {"AutoProcessor": "processing_action_tokenizer.UniversalActionProcessor"},
        "min_token": tokenizer.config.min_token,
        "processor_class": "UniversalActionProcessor",
        "scale": 10.0,
        "time_horizon": None,
        "vocab_size": 512,
    }
    assert json.loads((saved / "tokenizer_config.json").read_text()) == {
        "added_tokens_decoder": {},
        "clean_up_tokenization_spaces": False,
        "model_max_length": 10**9,
        "processor_class": "UniversalActionProcessor",
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    assert json.loads((saved / "special_tokens_map.json").read_text()) == {}
    assert [path.name for path in saved.parent.iterdir()] == ["saved"]


def test_saving_twice_writes_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    save_fast_tokenizer(load_fast_tokenizer(saved), tmp_path / "again")
    for path in saved.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_an_existing_directory_is_not_touched(saved: Path, tokenizer: FastTokenizer) -> None:
    before = {path: path.read_bytes() for path in saved.iterdir()}
    with pytest.raises(ActionTokenError, match="saved exists; choose another name, or remove it"):
        save_fast_tokenizer(tokenizer, saved)
    assert {path: path.read_bytes() for path in saved.iterdir()} == before


def test_what_a_killed_process_left_is_not_mixed_in(tokenizer: FastTokenizer, tmp_path: Path) -> None:
    left = tmp_path / f".saved.{os.getpid()}.part"
    left.mkdir()
    (left / "rest.json").write_text("{}")
    save_fast_tokenizer(tokenizer, tmp_path / "saved")
    assert not (tmp_path / "saved" / "rest.json").exists()


def test_a_failure_leaves_nothing_behind(tokenizer: FastTokenizer, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(NotADirectoryError):
        save_fast_tokenizer(tokenizer, tmp_path / "link")
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


def test_the_vocabulary_may_lie_in_its_own_folder(saved: Path, tokenizer: FastTokenizer, tmp_path: Path) -> None:
    directory = tmp_path / "resaved"
    (directory / "bpe_tokenizer").mkdir(parents=True)
    shutil.copy(saved / "processor_config.json", directory)
    shutil.copy(saved / "tokenizer.json", directory / "bpe_tokenizer")
    assert load_fast_tokenizer(directory) == tokenizer


def remove(name: str) -> Damage:
    return lambda directory: (directory / name).unlink()


def write(name: str, content: bytes) -> Damage:
    return lambda directory: (directory / name).write_bytes(content)


def edit(name: str, change: Callable[[dict[str, Any]], object]) -> Damage:
    def damage(directory: Path) -> None:
        data = json.loads((directory / name).read_text())
        change(data)
        (directory / name).write_text(json.dumps(data))

    return damage


def copy_vocabulary(directory: Path) -> None:
    (directory / "bpe_tokenizer").mkdir()
    shutil.copy(directory / "tokenizer.json", directory / "bpe_tokenizer")


CONFIG = "processor_config.json"
CASES: dict[str, tuple[Damage, str]] = {
    "gone": (shutil.rmtree, "damaged is not a directory"),
    "no config": (remove(CONFIG), r"damaged/processor_config\.json does not exist"),
    "no vocabulary": (remove("tokenizer.json"), r"neither tokenizer\.json nor bpe_tokenizer/tokenizer\.json"),
    "two vocabularies": (copy_vocabulary, r"both tokenizer\.json and bpe_tokenizer/tokenizer\.json; remove the one"),
    "config cut": (write(CONFIG, b"{"), r"processor_config\.json is not readable as JSON"),
    "config in Latin-1": (write(CONFIG, b'{"\xe9": 1}'), r"processor_config\.json is not readable as JSON"),
    "config a list": (write(CONFIG, b"[]"), r"processor_config\.json must hold a mapping, got list"),
    "foreign config": (
        edit(CONFIG, lambda data: data.update(processor_class="Qwen3VLProcessor")),
        r"processor_config\.json: processor_class is 'Qwen3VLProcessor', expected 'UniversalActionProcessor'",
    ),
    "nameless config": (
        edit(CONFIG, lambda data: data.pop("processor_class")),
        r"processor_config\.json: processor_class is None",
    ),
    "no scale": (edit(CONFIG, lambda data: data.pop("scale")), r"processor_config\.json: lacks scale"),
    "more": (edit(CONFIG, lambda data: data.update(norm=1)), r"processor_config\.json: has unknown fields norm"),
    "wrong type": (
        edit(CONFIG, lambda data: data.update(min_token="low")),
        r"processor_config\.json: min_token is 'low', expected a whole number",
    ),
    "too large": (
        edit(CONFIG, lambda data: data.update(vocab_size=4096)),
        r"processor_config\.json: vocab_size is 4096, expected a whole number from 1 to 2048",
    ),
    "other size": (
        edit(CONFIG, lambda data: data.update(vocab_size=2048)),
        r"tokenizer\.json: the vocabulary has 512 tokens, vocab_size is 2048",
    ),
    "vocabulary cut": (write("tokenizer.json", b'{"model"'), r"tokenizer\.json: is not readable as JSON"),
    "vocabulary binary": (write("tokenizer.json", b"\xff\xfe"), r"tokenizer\.json: .*can't decode byte"),
    "foreign vocabulary": (
        edit("tokenizer.json", lambda data: data.update(normalizer={"type": "NFC"})),
        r"tokenizer\.json: normalizer is",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_damage_is_named(saved: Path, tmp_path: Path, case: str) -> None:
    damage, match = CASES[case]
    directory = tmp_path / "damaged"
    shutil.copytree(saved, directory)
    damage(directory)
    with pytest.raises(ActionTokenError, match=match):
        load_fast_tokenizer(directory)


def test_python_beside_the_files_is_not_run(saved: Path, tokenizer: FastTokenizer, tmp_path: Path) -> None:
    directory = tmp_path / "with_code"
    shutil.copytree(saved, directory)
    (directory / "processing_action_tokenizer.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    assert load_fast_tokenizer(directory) == tokenizer
    assert not (tmp_path / "ran").exists()
