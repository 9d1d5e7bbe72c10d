#!/usr/bin/env python3
"""draw-check.py [certificate.json]: derives the sample of a draw again.

Reads the certificate that aidcase.draw_certificate() gives, from a file or
standard input, and needs nothing but Python's standard library: no database,
no network.  It checks the frame's order and root (RFC 6962), the seed, the
sizes of the strata, every ticket (both methods), sample, reserves and
replacements.  Prints what differs and exits 1, or one line and exits 0.
"""
import hashlib
import json
import re
import sys


def sha(data):
    return hashlib.sha256(data).digest()


def tree_root(leaves):
    """Root of the Merkle tree of RFC 6962 over leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha(b'\x01' + tree_root(leaves[:k]) + tree_root(leaves[k:]))


def ticket(seed, name, method):
    """Ticket number of an id; the smallest strings are drawn."""
    head = hashlib.sha256(seed.encode()).hexdigest()
    number = hashlib.sha256((head + name).encode()).hexdigest()
    if method == 'hex':
        return number
    if method == 'rivest':
        return '0.' + str(int(number, 16)).zfill(64)[::-1]
    raise ValueError('method "%s" does not exist' % method)


def check(c):
    """Everything in the certificate that does not follow from the rest."""
    faults = []
    lines = c.get('frame') or []
    if not lines:
        return ['the frame is empty']
    if not all(isinstance(line, str) and line.count('|') == 2 for line in lines):
        return ['a line of the frame is not id|stratum|certainty']
    items = [line.split('|') for line in lines]
    names = [name for name, _, _ in items]
    encoded = [name.encode() for name in names]
    if sorted(encoded) != encoded:
        faults.append('the frame is not in the order of its ids')
    if len(set(names)) != len(names):
        faults.append('an id is there twice')
    if len(lines) != c.get('frame_size'):
        faults.append('frame_size is not the number of lines')
    if tree_root([sha(b'\x00' + line.encode()) for line in lines]).hex() != c.get('frame_root'):
        faults.append('frame_root is not that of the frame')
    if not re.fullmatch('[0-9]{20,200}', c.get('seed') or '', re.ASCII):
        return faults + ['the seed is not 20 to 200 decimal digits']
    if not (c.get('seed_by') or '').strip():
        faults.append('it does not say who rolled the seed')
    numerator, denominator = c['rate']
    if not 0 < numerator <= denominator:
        return faults + ['the rate is not above 0 and at most 1']

    strata = {}
    for name, stratum, certainty in items:
        if (stratum == 'certainty') != (certainty == '1'):
            faults.append('%s: stratum and certainty differ' % name)
        strata.setdefault(stratum, []).append((ticket(c['seed'], name, c['method']), name.encode(), name))
    told, sample, reserves, next_of = [], [], [], {}
    for stratum in sorted(strata, key=str.encode):
        ranked = [name for _, _, name in sorted(strata[stratum])]
        n = len(ranked)
        size = n if stratum == 'certainty' else min(n, max(c['minimum'], -(-n * numerator // denominator)))
        told.append({'stratum': stratum, 'population': n, 'sample_size': size})
        sample += ranked[:size]
        spare = ranked[size:size + (c.get('reserve_size') or 0)]
        reserves += spare
        next_of[stratum] = spare
    if told != c.get('strata'):
        faults.append('the strata or their sizes differ')
    if sample != (c.get('sample') or []):
        faults.append('the sample differs')
    if reserves != (c.get('reserves') or []):
        faults.append('the reserves differ')
    stratum_of = {name: stratum for name, stratum, _ in items}
    used = {}
    for former, name in c.get('replacements') or []:
        stratum = stratum_of.get(name)
        used.setdefault(stratum, []).append(name)
        if stratum is None or stratum_of.get(former) != stratum or former not in sample + reserves:
            faults.append('%s replaces a household of another stratum, or one that was not drawn' % name)
    for stratum, taken in used.items():
        if stratum is not None and taken != next_of[stratum][:len(taken)]:
            faults.append('%s: the replacements are not the next tickets' % stratum)
    return faults


def main():
    source = open(sys.argv[1], encoding='utf-8') if len(sys.argv) > 1 else sys.stdin
    try:
        certificate = json.load(source)
        faults = check(certificate)
    except (ValueError, KeyError, TypeError) as e:
        faults = ['this is not a whole certificate: %s' % e]
    if faults:
        print('\n'.join(faults))
        return 1
    print('%d of %d drawn, as the certificate says' % (len(certificate['sample']), len(certificate['frame'])))
    return 0


if __name__ == '__main__':
    sys.exit(main())
