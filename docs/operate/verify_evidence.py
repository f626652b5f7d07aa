"""Checks an evidence pack of a Postern with nothing of Postern: Python's standard library and `cryptography`.

    python verify_evidence.py PACK.zip 'messages.shop.example/record+1a2b3c4d+AQID...'

The second argument is the public key that the marketplace publishes. Status 0: nothing was changed, removed, reordered or added.
"""

import base64
import hashlib
import json
import sys
import zipfile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def must(is_so, otherwise):
    if not is_so:
        sys.exit(otherwise)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def framed(*parts):
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def signed_text(note, key):  # C2SP signed-note: a text, an empty line, and a line for each signature
    text, _, signatures = note.rpartition("\n\n")
    name, _, encoded = key.partition("+")[0], None, key.rpartition("+")[2]
    public = base64.b64decode(encoded)[1:]
    key_id = sha256(name.encode() + b"\n\x01" + public)[:4]
    for line in signatures.splitlines():
        octets = base64.b64decode(line.rpartition(" ")[2])
        if line == f"\u2014 {name} {line.rpartition(' ')[2]}" and octets[:4] == key_id:
            Ed25519PublicKey.from_public_bytes(public).verify(octets[4:], f"{text}\n".encode())  # raises
            return text.split("\n")
    raise ValueError("not signed with this key")


def field_digest(name, salt, value):
    if salt is None:
        return bytes.fromhex(value)  # withheld: its digest is left
    return sha256(b"postern journal field 1\n", framed(bytes.fromhex(salt), name.encode(), value.encode()))


def seal_hash(link, chain, previous):
    number = lambda name: link[name].to_bytes(8, "big")  # noqa: E731
    ids = [bytes.fromhex(link[name] or "") for name in ("id", "relationship", "message")]
    head = (ids[0], number("seller"), ids[1], ids[2], link["kind"].encode(), number("happened_at"))
    digest = sha256(b"postern journal entry 1\n", framed(*head, *(field_digest(*one) for one in link["fields"])))
    sealed_at = link["sealed_at"].to_bytes(8, "big", signed=True)
    packed = number("position") + number("seller") + ids[0] + number("chain_position") + sealed_at
    lengths = b"".join(len(part).to_bytes(2, "big") for part in (chain, previous, digest))
    return sha256(b"\0postern seal 1\n", packed, lengths, chain, previous, digest)


def root_from(leaf, index, size, path):  # RFC 9162 2.1.3.2
    node, place, last = leaf, index, size - 1
    for one in path:
        if place & 1 or place == last:
            node = sha256(b"\1", one, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = sha256(b"\1", node, one)
        place, last = place >> 1, last >> 1
    return node


def check(pack, key):
    files = {name: pack.read(name) for name in pack.namelist()}
    manifest, proof = json.loads(files["manifest.json"]), json.loads(files["proof.json"])
    must(len(files) == len(pack.namelist()), "two files of one name")
    listed = {one["name"]: one["sha256"] for one in manifest["files"]}
    must(listed.keys() | {"manifest.json", "manifest.note"} == files.keys(), "a file was added or removed")
    for name, digest in listed.items():
        must(sha256(files[name]).hex() == digest, f"{name} was changed")
    origin, size, root = signed_text(proof["checkpoint"], key)
    claim = [origin, "postern evidence 1", size, sha256(files["manifest.json"]).hex()]
    must(signed_text(files["manifest.note"].decode(), key) == claim, "the manifest was changed")
    chain, previous, position, held = proof["chain"].encode(), b"", 0, set()
    for number, link in enumerate(proof["entries"], start=1):
        must(link["chain_position"] == number and link["position"] > position, f"entry {number} was moved")
        must(bytes.fromhex(link["previous"]) == previous, f"entry {number} does not follow the one before")
        previous, position = seal_hash(link, chain, previous), link["position"]
        must(previous.hex() == link["hash"], f"entry {number} was changed")
        held |= {(link["message"], name, value) for name, salt, value in link["fields"] if salt is not None}
    path = [bytes.fromhex(one) for one in proof["inclusion"]["path"]]
    found = root_from(previous, position - 1, int(size), path)
    must(base64.b64encode(found).decode() == root, "the chain's end is not in the checkpoint")
    for one in proof["mails"]:
        commitment = sha256(bytes.fromhex(one["salt"]), files[one["file"]]).hex()
        must((one["message"], one["field"], f'"{commitment}"') in held, f"{one['file']} is another mail")
    must({one["file"] for one in proof["mails"]} == {name for name in files if name.startswith("mails/")}, "mails differ")
    return f"{len(proof['entries'])} entries and {len(proof['mails'])} mails are what the record of {origin} held."


if __name__ == "__main__":
    with zipfile.ZipFile(sys.argv[1]) as opened:
        print(check(opened, sys.argv[2]))
