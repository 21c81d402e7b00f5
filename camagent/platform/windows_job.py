"""A Job Object around this process on Windows: a bound on memory, no dialog when it crashes, a lower
priority."""

from __future__ import annotations

import ctypes
import sys

assert sys.platform == "win32"  # so that the type checker reads the rest with --platform win32 only

_EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation
_LIMIT_PROCESS_MEMORY = 0x100
_BELOW_NORMAL = 0x4000
# SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX
_NO_CRASH_DIALOGS = 0x1 | 0x2 | 0x8000


class _BasicLimits(ctypes.Structure):
    _fields_ = [
        ("per_process_user_time", ctypes.c_longlong),
        ("per_job_user_time", ctypes.c_longlong),
        ("flags", ctypes.c_ulong),
        ("minimum_working_set", ctypes.c_size_t),
        ("maximum_working_set", ctypes.c_size_t),
        ("active_processes", ctypes.c_ulong),
        ("affinity", ctypes.c_size_t),
        ("priority_class", ctypes.c_ulong),
        ("scheduling_class", ctypes.c_ulong),
    ]


class _ExtendedLimits(ctypes.Structure):
    _fields_ = [
        ("basic", _BasicLimits),
        ("io_counters", ctypes.c_ulonglong * 6),
        ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t),
        ("peak_process_memory", ctypes.c_size_t),
        ("peak_job_memory", ctypes.c_size_t),
    ]


def limit_this_process(max_memory_bytes: int) -> None:
    """Bind this process; where the system refuses a Job Object, it runs unbound (the pool's time-outs still
    hold)."""
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.SetErrorMode(_NO_CRASH_DIALOGS)
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.CreateJobObjectW.restype = ctypes.c_void_p
    current = ctypes.c_void_p(kernel.GetCurrentProcess())
    kernel.SetPriorityClass(current, _BELOW_NORMAL)
    job = kernel.CreateJobObjectW(None, None)
    if not job:
        return
    limits = _ExtendedLimits()
    limits.basic.flags = _LIMIT_PROCESS_MEMORY
    limits.process_memory = max_memory_bytes
    job = ctypes.c_void_p(job)
    kernel.SetInformationJobObject(job, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))
    kernel.AssignProcessToJobObject(job, current)
