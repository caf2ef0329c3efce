"""Install zr0_policy as an ament_python package."""

from pathlib import Path

from setuptools import find_packages, setup

PACKAGE = "zr0_policy"


def checkpoint_files():
    """Pair every shipped checkpoint's share folder with its files."""
    return [
        ("share/" + PACKAGE + "/" + str(folder), [str(path) for path in sorted(folder.iterdir())])
        for folder in sorted(Path("checkpoints").iterdir())
        if folder.is_dir() and not folder.name.startswith(".")
    ]


setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(include=[PACKAGE, PACKAGE + ".*"]),
    package_data={PACKAGE: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + PACKAGE]),
        ("share/" + PACKAGE, ["package.xml"]),
        *checkpoint_files(),
    ],
    install_requires=["setuptools"],
    zip_safe=False,
    license="Apache-2.0",
    description="The ZR-0 model, its preprocessing and checkpoints, and the policy node.",
    entry_points={
        "console_scripts": [
            "policy_node = zr0_policy.ros.policy_node:main",
            "zr0-serve = zr0_policy.server.main:main",
        ],
        "zr0.policies": [
            "zr0 = zr0_policy.policies.zr0:make_zr0",
            "hold = zr0_policy.policies.hold:make_hold",
        ],
    },
)
