"""Install zr0_bringup as an ament_python package."""

from pathlib import Path

from setuptools import find_packages, setup

PACKAGE = "zr0_bringup"


def files(folder):
    return sorted(str(path) for path in Path(folder).iterdir() if path.is_file())


setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(include=[PACKAGE, PACKAGE + ".*"]),
    package_data={PACKAGE: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + PACKAGE]),
        ("share/" + PACKAGE, ["package.xml"]),
        ("share/" + PACKAGE + "/config", files("config")),
        ("share/" + PACKAGE + "/launch", files("launch")),
        ("share/" + PACKAGE + "/launch/include", files("launch/include")),
    ],
    install_requires=["setuptools"],
    zip_safe=False,
    license="Apache-2.0",
    description="The graph of nodes, launch files, supervisor and command line of the ZR-0 stack.",
    entry_points={"console_scripts": ["lifecycle_manager_node = zr0_bringup.ros.lifecycle_manager_node:main"]},
)
