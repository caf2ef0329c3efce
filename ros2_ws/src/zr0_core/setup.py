"""Install zr0_core as an ament_python package."""

from setuptools import find_packages, setup

PACKAGE = "zr0_core"

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(include=[PACKAGE, PACKAGE + ".*"]),
    package_data={PACKAGE: ["py.typed", "embodiments/*.yaml"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + PACKAGE]),
        ("share/" + PACKAGE, ["package.xml"]),
    ],
    install_requires=["setuptools", "numpy", "PyYAML"],
    extras_require={"images": ["opencv-python-headless"], "test": ["pytest"]},
    zip_safe=False,
    license="Apache-2.0",
    description="What every ZR-0 package agrees on: types, embodiments, alignment, normalisation.",
    entry_points={"console_scripts": []},
)
