"""The clock by which latencies end: the kernel's, where its receive timestamps can be read (Linux, 64 bits)."""

from __future__ import annotations

import struct
import sys

KERNEL_CLOCK = sys.platform == "linux" and struct.calcsize("l") == 8
USER_SPACE = "user space"
CLOCK = "kernel receive timestamp" if KERNEL_CLOCK else USER_SPACE
