"""Keeps every eighth element of each tensor of a float32 safetensors file: python3 subsample.py IN OUT."""
import json, struct, sys

data = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", data[:8])[0]
header, body, out, blobs, offset = json.loads(data[8:8 + size]), data[8 + size:], {}, [], 0
header.pop("__metadata__", None)
for name, entry in sorted(header.items()):
    begin, end = entry["data_offsets"]
    values = struct.unpack(f"<{(end - begin) // 4}f", body[begin:end])[::8]
    blobs.append(struct.pack(f"<{len(values)}f", *values))
    out[name] = {"dtype": "F32", "shape": [len(values)], "data_offsets": [offset, offset + 4 * len(values)]}
    offset += 4 * len(values)
text = json.dumps(out).encode()
text += b" " * (-len(text) % 8)
open(sys.argv[2], "wb").write(struct.pack("<Q", len(text)) + text + b"".join(blobs))
