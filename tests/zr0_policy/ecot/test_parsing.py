import random

import pytest
from zr0_policy.ecot.errors import EcotError
from zr0_policy.ecot.parsing import parse_thought
from zr0_policy.ecot.thought import EmbodiedChainOfThought, TargetObject

KEYS = ("observation.images.front", "observation.images.wrist")


def test_text_is_read_back(thought: EmbodiedChainOfThought, text: str, camera_keys: tuple[str, str]) -> None:
    assert parse_thought(text, camera_keys) == thought


def random_words(rng: random.Random) -> str:
    letters = 'abc xyz"\\/\n\t{}[]:,–é赤😀<>|0'
    return "".join(rng.choices(letters, k=rng.randint(1, 30))) + "."


def random_box(rng: random.Random) -> TargetObject:
    x1, x2, y1, y2 = (rng.choice([0, 1, 0.5, rng.random(), round(rng.random(), 3), 1e-7]) for _ in range(4))
    if x1 == x2 or y1 == y2:
        return random_box(rng)
    return TargetObject(bbox_2d=(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)), label=random_words(rng))


def random_thought(rng: random.Random) -> EmbodiedChainOfThought:
    is_finished = rng.random() < 0.3
    keys = rng.sample(KEYS, k=0 if is_finished else rng.randint(0, 2))
    return EmbodiedChainOfThought(
        reasoning=random_words(rng),
        is_finished=is_finished,
        to_do=() if is_finished else tuple(random_words(rng) for _ in range(rng.randint(1, 4))),
        target_objects={key: tuple(random_box(rng) for _ in range(rng.randint(0, 3))) for key in keys},
        action_tokens=tuple(rng.randrange(2048) for _ in range(rng.randint(1, 40))),
    )


def test_whatever_is_written_is_read_back() -> None:
    rng = random.Random(0)
    for _ in range(500):
        thought = random_thought(rng)
        text = thought.to_text()
        parsed = parse_thought(text, KEYS)
        assert parsed == thought
        assert parsed.to_text() == text


def test_a_changed_text_is_never_read_as_the_same_thought() -> None:
    rng = random.Random(1)
    for _ in range(2000):
        thought = random_thought(rng)
        text = thought.to_text()
        place = rng.randrange(len(text))
        changed = text[:place] + rng.choice(["", " ", "0", '"', "\n", ",", "}", "e"]) + text[place + 1 :]
        try:
            parsed = parse_thought(changed, KEYS)
        except EcotError:
            continue
        assert parsed.to_text() == changed
        assert (parsed == thought) == (changed == text)


REPLACED: dict[str, tuple[str, str, str]] = {
    "no JSON": (
        '"Finished": "No",',
        '"Finished" "No",',
        r"^Finished, line 3 column 14: got '\"No\",.*, expected JSON: Expecting ':'",
    ),
    "JSON broken in a box": (
        "0.25,",
        "0.25",
        r"^Target Objects, line 14 column 11: got '0.5,.*', expected JSON: Expecti",
    ),
    "no verdict": ('"Finished": "No",', '"Ended": "No",', "^Finished: got 'no such key', expected 'Yes' or 'No'"),
    "another verdict": ('"No"', '"Maybe"', "^Finished: got 'Maybe', expected 'Yes' or 'No'"),
    "a verdict of another type": ('"No"', "[]", r"^Finished: got \[\], expected 'Yes' or 'No'"),
    "a to-do list although finished": (
        '"No"',
        '"Yes"',
        r"^To-do Actions: got \['Chain.*, expected only the keys Chain",
    ),
    "no to-do list": (
        '"To-do Actions"',
        '"Todo"',
        "^To-do Actions: got 'no such key', expected one, as Finished is 'No'",
    ),
    "no reasoning": ('"Chain-of-Thought Reasoning"', '"Thought"', "^Chain-of-Thought Reasoning: got 'no such key'"),
    "an unknown key": ('"Finished":', '"Mood": "good",\n  "Finished":', "^Mood: got .*, expected only the keys"),
    "reasoning of another type": ('"A \\"red\\" cube', '3, "b": "', "^b: got"),
    "a to-do item of another type": ('"put it into the bin"', "7", "^To-do Actions, item 1: got 7, expected text"),
    "a box outside": (
        "0.999",
        "1.999",
        r"^Target Objects, bbox_2d y2: got 1.999, .* \(observation.images.front\[1\]\)",
    ),
    "another camera": (".wrist", ".top", "^Target Objects: got 'observation.images.top', expected a camera key"),
    "no action token": ("<robot_action_17>", "17", "^Discrete Action Tokens: character 16 .* begins '17<robot"),
    "an action token too high": ("_2047>", "_2048>", "^Discrete Action Tokens: .*2048"),
    "no action tokens": ("<robot_action_0><robot_action_17><robot_action_2047>", "", "^Discrete Action Tokens: got"),
    "another number format": (
        "0.125",
        "0.1250",
        r"^Target Objects, line 21 column 16: got '0,.*, expected ',.* as publ",
    ),
    "another white space": (
        '"No",\n',
        '"No", \n',
        r"^Finished, line 3 column 20: got ' .*, expected '.n.* as published",
    ),
    "an escaped letter": (
        "–",
        "\\u2013",
        r"^Chain-of-Thought Reasoning, line 2 column 49: got '.*, expected '– .*as publ",
    ),
    "a key twice": ('"Finished"', '"Finished": "No",\n  "Finished"', r"^Finished, line 4 column 4: got 'Finished"),
    "a box without label": (
        '"label": "bin"',
        '"name": "bin"',
        r"observation.images.front\[1\]: got .*, expected an obj",
    ),
    "a special token": ("red cube", "red<|im_end|>", r"^To-do Actions, item 0: got '<\|im_end\|>', expected plain"),
}


@pytest.mark.parametrize("case", REPLACED)
def test_what_is_wrong_is_named_with_its_place(case: str, text: str, camera_keys: tuple[str, str]) -> None:
    old, new, match = REPLACED[case]
    assert old in text
    with pytest.raises(EcotError, match=match):
        parse_thought(text.replace(old, new, 1), camera_keys)


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        ("", "^the answer, line 1 column 1: got 'the end of the text', expected JSON: Expecting value"),
        ("I will pick it up.", "^the answer, line 1 column 1: got 'I will pick it up.', expected JSON"),
        ("[]", r"^the answer: got \[\], expected a JSON object"),
        ("{}", "^Finished: got 'no such key'"),
        ("[" * 100_000, "the answer of 100000 characters cannot be read as JSON: maximum recursion depth"),
        ("1" * 5000, "the answer of 5000 characters cannot be read as JSON: Exceeds the limit"),
    ],
)
def test_what_is_no_thought_at_all_is_refused(answer: str, match: str) -> None:
    with pytest.raises(EcotError, match=match):
        parse_thought(answer, KEYS)


def test_a_text_that_was_cut_off_anywhere_is_refused(text: str, camera_keys: tuple[str, str]) -> None:
    for length in range(len(text)):
        with pytest.raises(EcotError):
            parse_thought(text[:length], camera_keys)
    with pytest.raises(EcotError, match="Discrete Action Tokens, line 32 column 2: got ' ', expected '' as publ"):
        parse_thought(text + " ", camera_keys)


def test_keys_out_of_order_are_refused() -> None:
    text = '{"Finished": "Yes", "Chain-of-Thought Reasoning": "a", "Discrete Action Tokens": "<robot_action_1>"}'
    with pytest.raises(EcotError, match=r"^Finished: got \['Finished', .*, expected only the keys .*, in this order"):
        parse_thought(text, KEYS)
