"""Golden values for AgonProofTests: python3 make.py > golden.json. Only hashlib and struct."""

import hashlib
import json
import struct


def sha(data):
    return hashlib.sha256(data).digest()


def text(value):
    data = value.encode()
    return struct.pack(">I", len(data)) + data


def number(value):
    return struct.pack(">q", value)


def words(values):
    return struct.pack(">I", len(values)) + b"".join(struct.pack("<I", value & 0xFFFFFFFF) for value in values)


def marks(values):
    packed = [0] * ((len(values) + 31) // 32)
    for index, value in enumerate(values):
        packed[index // 32] |= int(value) << index % 32
    return number(len(values)) + words(packed)


def merkle(leaves):
    """RFC 6962, section 2.1, as it is written there."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return sha(b"\0" + leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha(b"\1" + merkle(leaves[:split]) + merkle(leaves[split:]))


def path(index, leaves):
    if len(leaves) < 2:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return path(index, leaves[:split]) + [merkle(leaves[split:])]
    return path(index - split, leaves[split:]) + [merkle(leaves[:split])]


def rollout(round, room, seat, agent, version, tokens, own, said):
    return sha(
        text("agon.rollout.1") + number(round) + number(room) + number(seat) + text(agent) + number(version)
        + number(1) + words(tokens) + marks(own) + text(said))


def pair(prompt, judge, version, label, chosen, rejected):
    return sha(
        text("agon.item.1") + text("pair") + text(prompt) + text(judge) + number(version) + struct.pack(">d", label)
        + chosen + rejected)


def link(fields, setting_count):
    return sha(text("agon.link.1") + number(setting_count) + b"".join(text(name) + text(value) for name, value in fields))


leaves = [bytes([index]) * index for index in range(9)]
chosen = rollout(3, 5, 1, "ada", 2, [7, -1, 70000], [False, True, True], "said")
rejected = rollout(3, 6, 0, "básho", 0, list(range(40)), [index % 3 == 0 for index in range(40)], "")
fields = [
    ("run", "sums-1-aa"), ("agent", "ada"), ("round", "3"), ("position", "2"), ("parent_version", "2"), ("parent", "p"),
    ("base", "b"), ("form", "f"), ("manifest", "m"), ("item_count", "1"), ("configuration.beta", "0.1"),
    ("configuration.learning_rate", "0.0002"), ("seed", "00000000000000ff"), ("kernels", "avx2"), ("engine", "1"),
    ("product", "0.1.0"), ("child", ""), ("plays_version", "2"), ("plays", "p"), ("previous", "q"),
]
print(json.dumps({
    "roots": [merkle(leaves[:count]).hex() for count in range(10)],
    "paths": [[step.hex() for step in path(index, leaves[:7])] for index in range(7)],
    "rollout": chosen.hex(),
    "pair": pair("p1", "taste", 4, 0.75, chosen, rejected).hex(),
    "link": link(fields, 2).hex(),
    "genesis": sha(text("agon.chain.1") + text("sums-1-aa") + text("ada") + text("b")).hex(),
}, indent=1))
