"""Install zr0_sim as an ament_python package."""

from setuptools import find_packages, setup

PACKAGE = "zr0_sim"

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(include=[PACKAGE, PACKAGE + ".*"]),
    package_data={PACKAGE: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + PACKAGE]),
        ("share/" + PACKAGE, ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=False,
    license="Apache-2.0",
    description="A MuJoCo table-top world and the xArm control box as a server that speaks the arm's TCP protocol.",
    entry_points={
        "console_scripts": [
            "sim_node = zr0_sim.ros.sim_node:main",
            "zr0-box = zr0_sim.box.__main__:main",
        ],
        "zr0.policies": ["scripted = zr0_sim.operator.scripted_policy:make_scripted_policy"],
    },
)
