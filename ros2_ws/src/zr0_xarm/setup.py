"""Install zr0_xarm as an ament_python package."""

from setuptools import find_packages, setup

PACKAGE = "zr0_xarm"

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(include=[PACKAGE, PACKAGE + ".*"]),
    package_data={PACKAGE: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + PACKAGE]),
        ("share/" + PACKAGE, ["package.xml"]),
    ],
    install_requires=["setuptools", "numpy", "ruckig", "xarm-python-sdk"],
    zip_safe=False,
    license="Apache-2.0",
    description="The xArm SDK adapter, motion limits, chunk player and controller node.",
    entry_points={"console_scripts": ["controller_node = zr0_xarm.ros.controller_node:main"]},
)
