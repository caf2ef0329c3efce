import dataclasses
from typing import Any

import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_policy.chunking.strategies import STRATEGIES, ChunkingOptions, make_strategy, require_guidance
from zr0_policy.policies.hold import HoldPolicy

OPTIONS = ChunkingOptions()


@pytest.mark.parametrize("name", ["sync", "latest", "ensemble", "rtc"])
def test_every_strategy_is_made_by_its_name_and_begins_at_once(embodiment: Embodiment, name: str) -> None:
    strategy = make_strategy(name, embodiment.action, OPTIONS)
    assert strategy.name == name
    assert strategy.next_inference_ns == 0
    assert strategy.overlap(5, 1) is None
    assert strategy.needs_guidance == (name == "rtc")


def test_these_are_all() -> None:
    assert list(STRATEGIES) == ["sync", "latest", "ensemble", "rtc"]


def test_an_unknown_name_lists_what_there_is(embodiment: Embodiment) -> None:
    match = r"no chunking strategy named 'rct', available: sync, latest, ensemble, rtc; did you mean 'rtc'\?"
    with pytest.raises(Zr0Error, match=match):
        make_strategy("rct", embodiment.action, OPTIONS)
    with pytest.raises(Zr0Error, match=r"no chunking strategy named '', available: sync, latest, ensemble, rtc$"):
        make_strategy("", embodiment.action, OPTIONS)


@pytest.mark.parametrize(
    ("name", "changes", "match"),
    [
        ("sync", {"sync_rows": 17}, "sync_rows is 17, expected 1 to 16"),
        ("ensemble", {"ensemble_decay": 2.0}, "ensemble_decay is 2.0, expected 0 to 1"),
        ("rtc", {"rtc_min_rows": 16}, "rtc_min_rows is 16, expected 1 to 15"),
    ],
)
def test_each_reads_its_own_options(embodiment: Embodiment, name: str, changes: dict[str, Any], match: str) -> None:
    options = dataclasses.replace(OPTIONS, **changes)
    with pytest.raises(Zr0Error, match=match):
        make_strategy(name, embodiment.action, options)
    for other in set(STRATEGIES) - {name}:
        make_strategy(other, embodiment.action, options)


def test_a_policy_that_continues_nothing_is_refused_where_it_must(embodiment: Embodiment) -> None:
    policy = HoldPolicy(embodiment)
    match = r"chunking 'rtc' needs a policy that can continue a chunk, and policy 'hold' cannot.*: sync, latest, ensem"
    with pytest.raises(Zr0Error, match=match):
        require_guidance(make_strategy("rtc", embodiment.action, OPTIONS), policy)
    for name in ("sync", "latest", "ensemble"):
        require_guidance(make_strategy(name, embodiment.action, OPTIONS), policy)
