"""What can draw the simulated cameras, and how fast."""

from zr0_sim.world.probe import probe_renderers

from zr0_bringup.diagnosis.finding import Finding

WANTED_RATE = 60.0
"""Two cameras at 30 Hz."""
PACKAGES = {"egl": "libegl1 libopengl0 libgl1-mesa-dri", "osmesa": "libosmesa6"}


def check_renderers(embodiment: str) -> list[Finding]:
    """Try every renderer on one of the robot's cameras.

    Args:
        embodiment: Name of the robot.
    """
    reports = probe_renderers(embodiment)
    fastest = max((report.frames_per_second for report in reports), default=0.0)
    findings = []
    for report in reports:
        package = PACKAGES.get(report.backend, "")
        found = f"{report.frames_per_second:.0f} images of 640x480 a second" if report.works else report.reason
        if not report.works and fastest >= WANTED_RATE:
            found = "not there, and not needed"
        findings.append(
            Finding(
                name=f"Renderer {report.backend}",
                is_ok=report.works or fastest >= WANTED_RATE,
                is_required=False,
                found=found,
                advice=f"Debian and Ubuntu: sudo apt install --no-install-recommends {package}" if package else "",
            )
        )
    findings.append(
        Finding(
            name="Rendering",
            is_ok=fastest >= WANTED_RATE,
            is_required=fastest == 0.0,
            found=f"the fastest draws {fastest:.0f} images a second; two cameras at 30 Hz need {WANTED_RATE:.0f}",
            advice="install one of the renderers above; slower ones work, with fewer images a second",
        )
    )
    return findings
