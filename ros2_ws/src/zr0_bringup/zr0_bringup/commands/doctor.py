"""`zr0 doctor`: what is there, what is missing, what to do."""

import argparse
import json
import os

from rich.console import Console
from rich.table import Table

from zr0_bringup.bringups import sim_graph
from zr0_bringup.diagnosis.compute import check_torch
from zr0_bringup.diagnosis.finding import Finding
from zr0_bringup.diagnosis.ports import check_ports
from zr0_bringup.diagnosis.rendering import check_renderers
from zr0_bringup.diagnosis.scheduling import check_real_time, check_shared_memory
from zr0_bringup.ros.middleware import check_middleware, check_ros

STYLES = {"ok": "green", "missing": "red", "note": "yellow"}


def run_doctor(options: argparse.Namespace) -> int:
    """Run the command; return 1 if something required is missing."""
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    defaults = {argument.name: argument.default for argument in sim_graph().arguments}
    findings = [Finding(**check) for check in json.loads(os.environ.get("ZR0_CHECKS", "[]"))]
    findings += [check_ros(), check_shared_memory(), check_real_time(), check_torch()]
    findings += check_ports(int(defaults["control_port"]), str(defaults["robot_ip"]))
    if not options.no_probes:
        findings += [*check_middleware(), *check_renderers(str(defaults["embodiment"]))]
    print_findings(Console(width=None if Console().is_terminal else 160), findings)
    return int(any(finding.verdict == "missing" for finding in findings))


def print_findings(console: Console, findings: list[Finding]) -> None:
    """Print a table."""
    table = Table("", "what", "found, and what to do about it", box=None, padding=(0, 2, 0, 0), header_style="bold")
    for finding in findings:
        text = finding.found if finding.is_ok or not finding.advice else f"{finding.found}\n-> {finding.advice}"
        style = STYLES[finding.verdict]
        table.add_row(f"[{style}]{finding.verdict}[/{style}]", finding.name, text)
    console.print(table)
