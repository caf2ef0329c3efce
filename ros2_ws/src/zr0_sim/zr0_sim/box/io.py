"""Digital and analogue inputs and outputs of the box and of the tool flange."""

import struct

BAUD_RATE = 0x0A0B
BAUD_RATE_WRITE = 0x1A0B
BAUD_RATE_2M = 11
"""Index of 2 Mbaud, which the gripper uses."""
DIGITAL_INPUT, DIGITAL_OUTPUT, ANALOG_1, ANALOG_2 = 0x0A14, 0x0A15, 0x0A16, 0x0A17


class ToolRegisters:
    """Registers of the tool flange's own controller."""

    def __init__(self) -> None:
        self._values: dict[tuple[int, int], int] = {}

    def read(self, device: int, address: int) -> int:
        """Return a register of a device on the tool's bus, 0 if it was never written."""
        default = BAUD_RATE_2M if address == BAUD_RATE else 0
        return self._values.get((device, address), default)

    def write(self, device: int, address: int, value: float) -> None:
        """Set a register of a device on the tool's bus."""
        if address == DIGITAL_OUTPUT:
            self._values[device, DIGITAL_OUTPUT] = masked(self.read(device, DIGITAL_OUTPUT), int(value))
            return
        self._values[device, BAUD_RATE if address == BAUD_RATE_WRITE else address] = int(value)


class BoxIo:
    """Sixteen digital and two analogue channels each way."""

    def __init__(self) -> None:
        self.digital_inputs = 0
        """Bit mask of the inputs that are on."""
        self.digital_outputs = 0
        """Bit mask of the outputs that are on."""
        self.analog_inputs = [0, 0]
        """0 to 4095 for 0 to 10 V."""
        self.analog_outputs = [0, 0]
        """0 to 4095 for 0 to 10 V."""
        self.input_functions = [0] * 16
        """What each input does besides being read; kept, not acted on."""
        self.output_functions = [0] * 16
        """What each output shows; kept, not acted on."""

    def write_one(self, channel: int, is_on: bool) -> None:
        """Set one digital output, 0 to 15."""
        self.digital_outputs = self.digital_outputs & ~(1 << channel) | is_on << channel

    def write_digital(self, command: bytes) -> None:
        """Set outputs: u16 for outputs 0 to 7, then optionally u16 for 8 to 15; high byte which, low byte how."""
        low = masked(self.digital_outputs & 0xFF, struct.unpack_from(">H", command)[0])
        high = self.digital_outputs >> 8
        if len(command) >= 4:
            high = masked(high, struct.unpack_from(">H", command, 2)[0])
        self.digital_outputs = high << 8 | low

    def state(self) -> bytes:
        """Return 2 status bytes, 8 u16 (inputs, outputs, analogue), then 4 times 8 function numbers: 50 bytes."""
        return (
            struct.pack(
                ">BB8H",
                0,
                0,
                0x0100,
                self.digital_inputs,
                0,
                self.digital_outputs,
                *self.analog_inputs,
                *self.analog_outputs,
            )
            + bytes(self.input_functions[:8])
            + bytes(self.output_functions[:8])
            + bytes(self.input_functions[8:])
            + bytes(self.output_functions[8:])
        )


def masked(present: int, command: int) -> int:
    """Apply a command: its high byte says which of 8 bits to set, its low byte to what."""
    mask = command >> 8 & 0xFF
    return present & ~mask & 0xFF | command & mask
