import numpy as np
from zr0_policy.chunking.latest import LatestChunk


def test_every_answer_is_published_as_it_is_and_at_once() -> None:
    strategy = LatestChunk()
    for stamp_ns in (10, 20):
        assert strategy.overlap(stamp_ns, 3) is None
        actions = np.full((4, 2), float(stamp_ns))
        np.testing.assert_array_equal(strategy.publish(actions, stamp_ns, 3), actions)
        assert strategy.next_inference_ns == 0
