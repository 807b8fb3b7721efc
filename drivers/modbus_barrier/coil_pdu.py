"""Function 05 with any 16-bit value, and its echo, for pymodbus: its own class knows on and off only."""

import struct

from pymodbus.pdu import ModbusPDU


class WriteCoilValue(ModbusPDU):
    """Request and reply alike: address and value, Modbus Application Protocol V1.1b3, 6.5."""

    function_code = 5
    rtu_frame_size = 8

    def __init__(self, address: int = 0, value: int = 0, dev_id: int = 0, transaction_id: int = 0) -> None:
        super().__init__(dev_id=dev_id, transaction_id=transaction_id, address=address)
        self.value = value

    def encode(self) -> bytes:
        """Big endian."""
        return struct.pack(">HH", self.address, self.value)

    def decode(self, data: bytes) -> None:
        """Big endian."""
        self.address, self.value = struct.unpack(">HH", data[:4])
