import pytest
from zr0_policy.chunking.delay import DelayRecord, rows_begun


@pytest.mark.parametrize(
    ("elapsed_s", "rows"),
    [(-0.2, 0), (0.0, 0), (0.001, 1), (0.099, 1), (0.1, 1), (0.3, 3), (0.1 + 0.2, 3), (0.301, 4), (2.0, 20)],
)
def test_a_row_is_begun_when_the_one_before_it_is_reached(elapsed_s: float, rows: int) -> None:
    assert rows_begun(elapsed_s, 0.1) == rows


def test_the_worst_of_the_window_is_expected_and_forgotten_with_it() -> None:
    record = DelayRecord(3)
    assert (record.last, record.expected) == (0, 0)
    seen = []
    for delay in (2, 5, 1, 1, 1, 4):
        record.add(delay)
        seen.append((record.last, record.expected))
    assert seen == [(2, 2), (5, 5), (1, 5), (1, 5), (1, 1), (4, 4)]
