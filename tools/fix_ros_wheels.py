"""Make the ROS 2 wheels of this virtual environment usable by CMake and colcon.

The wheels carry the paths of the machine that built them in their `*_pyExport.cmake` files, and no
`local_setup` script. This rewrites the first and writes the second. Run it after every install of a
`ros-` wheel; a second run changes nothing.
"""

import pathlib
import re
import sys
import sysconfig

import numpy as np

BUILD_NUMPY = re.compile(r"/opt/python/cp\d+-cp\d+/lib/python[\d.]+/site-packages/numpy/_?core/include")
BUILD_PYTHON = re.compile(r"/opt/python/cp\d+-cp\d+/include/python[\d.]+")
LOCAL_SETUP = 'export AMENT_PREFIX_PATH="$COLCON_CURRENT_PREFIX${AMENT_PREFIX_PATH:+:$AMENT_PREFIX_PATH}"\n'


def main() -> None:
    """Rewrite the CMake exports and write the setup scripts of `sys.prefix`."""
    prefix = pathlib.Path(sys.prefix)
    for export in prefix.joinpath("share").glob("*/cmake/*_pyExport.cmake"):
        text = BUILD_NUMPY.sub(np.get_include(), export.read_text())
        export.write_text(BUILD_PYTHON.sub(sysconfig.get_path("include"), text))
    for name in ("local_setup.sh", "local_setup.bash"):
        prefix.joinpath(name).write_text(LOCAL_SETUP)


if __name__ == "__main__":
    main()
