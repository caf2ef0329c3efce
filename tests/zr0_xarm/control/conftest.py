import pytest
from zr0_test_support.controller_bench import ControllerBench


@pytest.fixture
def bench() -> ControllerBench:
    return ControllerBench()
