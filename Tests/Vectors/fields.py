"""Fields of messages and the hash, as Protocol.md's "Conventions" have them: what the scripts beside
this one write their vectors with."""
import hashlib, struct

def blake(data, purpose):
    person = purpose.encode().ljust(16, b"\0")
    return hashlib.blake2b(data, digest_size=32, person=person).digest()

def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80]); value >>= 7
    return out + bytes([value])

def blob(data): return varint(len(data)) + data
def u16(v): return struct.pack("<H", v & 0xFFFF)
def u32(v): return struct.pack("<I", v)
def u64(v): return struct.pack("<Q", v)
