#!/usr/bin/env python3
"""verify_proof.py [CHECKPOINT FILE] < proof.json

Checks a proof that aidcase.prove() or erasure_proof() gave, without a database and with nothing
but Python's own library.  CHECKPOINT FILE is a copy of the checkpoint that was
kept outside; without it the proof only agrees with itself.  Prints what is
proved; ends with 1 and the reason when the proof does not hold.
"""
import base64
import hashlib
import json
import sys


def root_of(part, size):
    """The root that an entry and its inclusion proof lead to (RFC 6962)."""
    at, last = part["leaf_index"], size - 1
    if type(at) is not int or not 0 <= at <= last:
        raise ValueError("the leaf lies outside the tree")
    if "entry" in part:
        hashed = hashlib.sha256(b"\0" + part["entry"].encode()).digest()
    else:
        hashed = base64.b64decode(part["leaf_hash"], validate=True)
    for step in part["inclusion_proof"]:
        step = base64.b64decode(step, validate=True)
        if len(step) != 32 or last == 0:
            raise ValueError("the proof does not fit the tree")
        if at % 2 or at == last:
            hashed = hashlib.sha256(b"\1" + step + hashed).digest()
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            hashed = hashlib.sha256(b"\1" + hashed + step).digest()
        at, last = at >> 1, last >> 1
    if last:
        raise ValueError("the proof is too short")
    return hashed


def check(proof, outside=None):
    """The parts of a proof that holds; ValueError or KeyError when it does not."""
    checkpoint = proof["checkpoint"]
    if outside is not None and outside.rstrip("\n") != checkpoint.rstrip("\n"):
        raise ValueError("the checkpoint is not the one that was kept outside")
    origin, size, root = checkpoint.split("\n")[:3]
    parts = {name: proof[name] for name in ("shape", "origin") if name in proof}
    parts["row"] = proof
    for name, part in parts.items():
        if root_of(part, int(size)) != base64.b64decode(root, validate=True):
            raise ValueError(name + ": the entry is not in the tree of the checkpoint")
        parts[name] = json.loads(part["entry"])
    row, shape = parts["row"], parts["shape"]
    if row[4] != shape[0] or shape[4:6] != ["S", proof["relation"]]:
        raise ValueError("the shape is of another table")
    if "origin" in parts and (row[3] != parts["origin"][0] or parts["origin"][4] != "O"):
        raise ValueError("the origin is of another entry")
    if isinstance(row[7], dict):
        key, values = row[7]["k"], None
    else:
        values = {column[0]: value for column, value in zip(shape[7], row[7], strict=True)}
        key = [values[c[0]] for c in sorted((c for c in shape[7] if len(c) > 2), key=lambda c: c[2])]
    if key != proof["key"]:
        raise ValueError("the key is of another row")
    return {"register": origin, "relation": shape[5], "key": key, "entry_no": row[0],
            "microseconds": row[1], "by": parts["origin"][7] if "origin" in parts else None, "row": values}


def check_erasure(proof, outside=None):
    """What a proof of aidcase.erasure_proof() shows: leaves, list, decision."""
    item, decision = check(proof["item"], outside), check(proof["decision"], outside)
    size, root = proof["checkpoint"].split("\n")[1:3]
    if not proof["item"]["checkpoint"] == proof["decision"]["checkpoint"] == proof["checkpoint"]:
        raise ValueError("the parts are of different checkpoints")
    if item["relation"] != "erasure_item" or decision["relation"] != "erasure_list":
        raise ValueError("list and decision are missing")
    row, line = decision["row"], item["row"]
    if (line["list_id"], line["relation"], [line["row_key"]]) != (row["list_id"], proof["relation"], proof["key"]) \
            or row["state"] != "executed" or row["appraised_by"] in (None, row["proposed_by"]):
        raise ValueError("the decision is not about this row")
    if [e["entry_no"] for e in proof["erased"]] != line["entry_nos"]:
        raise ValueError("the versions are not those of the list")
    for part in proof["erased"]:
        if "entry" in part or root_of(part, int(size)) != base64.b64decode(root, validate=True):
            raise ValueError("a leaf is not in the tree of the checkpoint")
    return {"decision": row, "erased": line["entry_nos"], "relation": proof["relation"], "key": proof["key"]}


if __name__ == "__main__":
    try:
        kept = open(sys.argv[1], encoding="utf-8").read() if len(sys.argv) > 1 else None
        given = json.load(sys.stdin)
        shown = check_erasure(given, kept) if "erased" in given else check(given, kept)
        print(json.dumps(shown, ensure_ascii=False, sort_keys=True))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as fault:
        sys.exit("the proof does not hold: %s" % fault)
