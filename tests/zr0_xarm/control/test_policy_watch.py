from zr0_xarm.control.policy_watch import PolicyWatch
from zr0_xarm.control.status import Reason

NOW = 1_700_000_000_000_000_000
MS = 1_000_000


def test_a_policy_that_never_reported_is_silent() -> None:
    finding = PolicyWatch(0.06).finding(NOW)
    assert finding is not None
    assert (finding.reason, finding.text) == (Reason.POLICY_SILENT, "no policy has reported yet")


def test_a_running_policy_is_fine_until_its_time_is_over() -> None:
    watch = PolicyWatch(0.06)
    watch.note_status(1, "", NOW)
    assert watch.finding(NOW + 59 * MS) is None
    finding = watch.finding(NOW + 75 * MS)
    assert finding is not None
    assert finding.text == "the policy has been silent for 0.075 s, limit 0.06 s"


def test_what_the_policy_waits_for_is_passed_on() -> None:
    watch = PolicyWatch(0.06)
    watch.note_status(2, "camera front is 0.4 s old", NOW)
    finding = watch.finding(NOW)
    assert finding is not None
    assert (finding.reason, finding.text) == (
        Reason.POLICY_NOT_RUNNING,
        "the policy is waiting for input: camera front is 0.4 s old",
    )


def test_a_policy_whose_process_is_gone_is_silent_until_it_reports_again() -> None:
    watch = PolicyWatch(0.06)
    watch.note_status(1, "", NOW)
    watch.note_gone()
    finding = watch.finding(NOW)
    assert finding is not None
    assert finding.reason is Reason.POLICY_SILENT
    watch.note_status(1, "", NOW)
    assert watch.finding(NOW) is None


def test_patience_forgives_a_late_status() -> None:
    watch = PolicyWatch(0.06)
    watch.note_status(1, "", NOW)
    assert watch.finding(NOW + 100 * MS) is not None
    assert watch.finding(NOW + 100 * MS, patience=0.1) is None
    assert watch.finding(NOW + 170 * MS, patience=0.1) is not None
