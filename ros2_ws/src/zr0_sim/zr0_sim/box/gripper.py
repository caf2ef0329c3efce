"""The gripper (G1) as a Modbus device on the tool's RS485 bus."""

import struct

from zr0_sim.box.codes import BadParameterError
from zr0_sim.box.plant import Plant

SLAVE = 8
"""Modbus address of the gripper."""
READ, WRITE_ONE, WRITE = 0x03, 0x06, 0x10
"""Modbus functions."""

STATUS = 0x0000
ENABLE, MODE, SPEED, TARGET, POSITION = 0x0100, 0x0101, 0x0303, 0x0700, 0x0702
SOFTWARE_VERSION = 0x0801

STOPPED, MOVING, GRASPED = 0, 1, 2
UNITS_OPEN = 850.0
"""Position units when open; closed is 0."""
UNITS_PER_RADIAN = 1000.0
MIN_UNITS, MAX_UNITS = -10.0, UNITS_OPEN
MIN_SPEED, MAX_SPEED = 50, 5000
SETTLE_TICKS = 25
"""Ticks, 0.1 s, of standstill short of the target after which an object counts as grasped."""
VERSION = (3, 4, 3)
"""From this version on clients poll the status instead of the position."""


class Gripper:
    """The gripper drive's registers and its motion.

    Args:
        plant: Has the drive joint.
        max_velocity: Speed of the drive joint, rad/s, at the largest speed setting.
    """

    def __init__(self, plant: Plant, max_velocity: float) -> None:
        self._plant = plant
        self._max_velocity = max_velocity
        self._registers: dict[int, int] = {
            ENABLE: 0,
            MODE: 0,
            SPEED: MAX_SPEED,
            SOFTWARE_VERSION: VERSION[0],
            SOFTWARE_VERSION + 1: VERSION[1],
            SOFTWARE_VERSION + 2: VERSION[2],
        }
        self._target = plant.gripper_position
        self._still_ticks = SETTLE_TICKS

    @property
    def units(self) -> int:
        """Measured position, 0 closed to 850 open."""
        return round(UNITS_OPEN - UNITS_PER_RADIAN * self._plant.gripper_position)

    @property
    def status(self) -> int:
        """Whether the drive stopped, moves, or was stopped by an object."""
        if self._still_ticks < SETTLE_TICKS:
            return MOVING
        return GRASPED if abs(self._plant.gripper_position - self._target) > 0.01 else STOPPED

    def tick(self) -> None:
        """Watch the drive; once per tick, after the plant's step."""
        is_still = abs(self._plant.gripper_velocity) < 0.01
        has_arrived = abs(self._plant.gripper_position - self._target) < 0.002
        if is_still and has_arrived:
            self._still_ticks = SETTLE_TICKS
        else:
            self._still_ticks = min(self._still_ticks + 1, SETTLE_TICKS) if is_still else 0

    def request(self, frame: bytes) -> bytes:
        """Answer a Modbus request without checksum: slave, function, address, count or value[, bytes, values].

        Raises:
            BadParameterError: The frame is cut short, or the function is neither read nor write.
        """
        if len(frame) < 6:
            raise BadParameterError(f"gripper frame has {len(frame)} bytes, expected at least 6")
        function, address, count = struct.unpack_from(">BHH", frame, 1)
        if function == READ:
            values = b"".join(self._read(address + offset) for offset in range(count))
            return bytes([SLAVE, READ, len(values)]) + values
        if function == WRITE_ONE:
            self._write(address, frame[4:6])
            return frame[:6]
        if function != WRITE:
            raise BadParameterError(
                f"gripper function is {function:#x}, expected {READ:#x}, {WRITE_ONE:#x} or {WRITE:#x}"
            )
        values = frame[7:]
        if len(values) < 2 * count:
            raise BadParameterError(f"gripper frame writes {count} registers with {len(values)} bytes")
        self._write(address, values[: 2 * count])
        return frame[:6]

    def _read(self, address: int) -> bytes:
        if address == STATUS:
            return struct.pack(">H", self.status)
        if address in {POSITION, POSITION + 1}:
            return struct.pack(">i", self.units)[2 * (address - POSITION) :][:2]
        return struct.pack(">H", self._registers.get(address, 0) & 0xFFFF)

    def _write(self, address: int, values: bytes) -> None:
        if address == TARGET and len(values) == 4:
            units = min(max(float(struct.unpack(">i", values)[0]), MIN_UNITS), MAX_UNITS)
            if self._registers[ENABLE]:
                self._go_to(units)
            return
        for offset in range(len(values) // 2):
            self._registers[address + offset] = int(struct.unpack_from(">H", values, 2 * offset)[0])
        if address == SPEED:
            self._registers[SPEED] = min(max(self._registers[SPEED], MIN_SPEED), MAX_SPEED)

    def _go_to(self, units: float) -> None:
        self._target = (UNITS_OPEN - units) / UNITS_PER_RADIAN
        self._still_ticks = 0
        velocity = self._max_velocity * self._registers[SPEED] / MAX_SPEED
        self._plant.set_gripper_target(self._target, velocity)
