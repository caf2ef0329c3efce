import pickle
import string

import numpy as np
import pytest
from tokenizers import pre_tokenizers
from zr0_policy.fast.byte_pairs import LAST_CHARACTER, BytePairs, byte_letters
from zr0_policy.fast.errors import ActionTokenError

CAPITALS = BytePairs(
    vocabulary=(*string.ascii_uppercase, "OH", "MA", "OHMA"),
    merges=(("O", "H"), ("M", "A")),
    is_split_at_words=False,
)
ALL_BYTES = BytePairs(vocabulary=byte_letters(), merges=(), is_split_at_words=False)


def test_letters_stand_for_bytes_as_in_the_library() -> None:
    letters = byte_letters()
    assert set(letters) == set(pre_tokenizers.ByteLevel.alphabet())
    library = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    for character in map(chr, [*range(0x1000), 0xD7FF, 0xE000, 0xFFFF, *range(0x10000, 0x110000, 0x777)]):
        ((spelled, _),) = library.pre_tokenize_str(character)
        assert "".join(letters[byte] for byte in character.encode()) == spelled


def test_merges_apply_in_their_order() -> None:
    assert CAPITALS.encode("OHMA") == (26, 27)
    assert CAPITALS.encode("HOOHZ") == (7, 14, 26, 25)
    assert CAPITALS.decode([28, 0]) == "OHMAA"


def test_words_are_cut_only_when_asked() -> None:
    vocabulary = (*"AB12", "A1", "AB", "12", "AB12")
    merges = (("A", "B"), ("1", "2"), ("AB", "12"))
    whole = BytePairs(vocabulary=vocabulary, merges=merges, is_split_at_words=False)
    cut = BytePairs(vocabulary=vocabulary, merges=merges, is_split_at_words=True)
    assert whole.encode("AB12") == (7,)
    assert cut.encode("AB12") == (5, 6)
    assert whole.decode((7,)) == cut.decode((5, 6))


def test_the_characters_are_those_whose_bytes_are_known() -> None:
    assert "".join(map(chr, CAPITALS.characters.tolist())) == string.ascii_uppercase
    assert ALL_BYTES.characters.tolist() == list(range(0xD800))
    # U+00E9 is the bytes C3 A9, whose letters are \u00c3 and \u00a9; A9 alone is no character.
    some = BytePairs(vocabulary=("a", "\u00c3", "\u00a9"), merges=(), is_split_at_words=False)
    assert some.characters.tolist() == [0x61, 0xE9]


def test_surrogates_are_not_characters() -> None:
    assert LAST_CHARACTER == 0xD7FF
    assert ALL_BYTES.nearest(np.array([0xD7FF, 0xD800, 0xDFFF, 0xE000, 10**9])).tolist() == [0xD7FF] * 5
    with pytest.raises(ActionTokenError, match=r"the vocabulary cannot spell U\+D800; 1 of 2 characters"):
        ALL_BYTES.encode("A\ud800")


def test_the_nearest_character_is_the_lower_of_two() -> None:
    some = BytePairs(vocabulary=("d", "j", "k"), merges=(), is_split_at_words=False)
    codes = np.array([-(10**9), 99, 100, 102, 103, 104, 106, 107, 108, 10**9])
    assert some.nearest(codes).tolist() == [100, 100, 100, 100, 100, 106, 106, 107, 107, 107]


def test_every_character_comes_back() -> None:
    text = "".join(map(chr, range(0, 0xD800, 7)))
    ids = ALL_BYTES.encode(text)
    assert len(ids) == len(text.encode())
    assert ALL_BYTES.decode(ids) == text


def test_a_character_that_would_be_left_out_is_refused() -> None:
    with pytest.raises(ActionTokenError, match=r"the vocabulary cannot spell U\+0061; 2 of 3 characters"):
        CAPITALS.encode("aAb")


def test_a_token_that_is_not_in_byte_letters_stands_for_its_own_text() -> None:
    # A space is no byte letter: as a token it is the space itself. U+0120 is the letter of the byte 20, a space too.
    odd = BytePairs(vocabulary=(" ", "\u0120", "\u0120 "), merges=(), is_split_at_words=False)
    assert odd.decode([0]) == odd.tokenizer.decode([0]) == " "
    assert odd.decode([1]) == odd.tokenizer.decode([1]) == " "
    assert odd.decode([2]) == odd.tokenizer.decode([2]) == "\u0120 "


@pytest.mark.parametrize(("ids", "position", "index"), [([0, 29], 1, 29), ([-1, 0], 0, -1), ([0, 1, 2048], 2, 2048)])
def test_an_unknown_id_is_refused(ids: list[int], position: int, index: int) -> None:
    with pytest.raises(ActionTokenError, match=rf"id {position} of {len(ids)} is {index}, expected 0 to 28"):
        CAPITALS.decode(ids)


@pytest.mark.parametrize(
    ("spelling", "match"),
    [
        (b"ab\x80", "3 ids give 3 bytes that are not UTF-8: invalid start byte at byte 2"),
        (b"\xc3", "1 ids give 1 bytes that are not UTF-8: unexpected end of data at byte 0"),
        (b"a\xed\xa0\x80", "invalid continuation byte at byte 1"),  # a surrogate
        (b"\xc0\x80", "invalid start byte at byte 0"),  # a zero, spelled too long
    ],
)
def test_bytes_that_are_no_text_are_refused(spelling: bytes, match: str) -> None:
    with pytest.raises(ActionTokenError, match=match):
        ALL_BYTES.decode(list(spelling))


@pytest.mark.parametrize(
    ("vocabulary", "merges", "match"),
    [
        (("a", "b", "a"), (), "the vocabulary of 3 tokens has only 2 different ones"),
        (("a", "b"), (("a", "b"),), "merge 0 of 'a' and 'b' needs 'ab', not in the vocabulary"),
        (("a", "aa"), (("a", "a"), ("aa", "c")), "merge 1 of 'aa' and 'c' needs 'c'"),
        (("b", "cb"), (("c", "b"),), "merge 0 of 'c' and 'b' needs 'c'"),
        (("ab", "\u00e9"), (), "the vocabulary has no single bytes, so no text can be encoded"),
        ((), (), "no single bytes"),
        (("a", ""), (), "token 1 of the vocabulary is empty"),
        (("a", "\ud800"), (), "surrogates not allowed"),
    ],
)
def test_a_broken_vocabulary_is_refused(
    vocabulary: tuple[str, ...], merges: tuple[tuple[str, str], ...], match: str
) -> None:
    with pytest.raises(ValueError, match=match):
        BytePairs(vocabulary=vocabulary, merges=merges, is_split_at_words=False)


def test_it_travels_to_other_processes() -> None:
    CAPITALS.encode("OHMA")
    copy = pickle.loads(pickle.dumps(CAPITALS))
    assert copy == CAPITALS
    assert copy.encode("OHMA") == (26, 27)
