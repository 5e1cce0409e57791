import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fromHex, toHex } from '../../src/bytes.ts';
import { encode } from '../../src/codec.ts';
import { decodeGate, encodeGate, type GateState } from '../../src/home/gate-file.ts';
import { decodePeers, encodePeers, type PeerFacts } from '../../src/home/peer-file.ts';
import { projectPath } from '../helpers/project.ts';
import { rejects } from '../helpers/rejects.ts';

const vectors = JSON.parse(readFileSync(projectPath('test/vectors/peers.json'), 'utf8')) as Record<
  string,
  string
>;
const key = (byte: number): string => byte.toString(16).padStart(2, '0').repeat(32);

const gate: GateState = {
  floorUs: 1_767_225_600_000_000,
  heard: new Map([
    [`member ${key(1)}`, fromHex('0100061234567890ab')],
    [`invite ${key(2)}`, fromHex('010000000000000000')],
  ]),
  sent: new Map([[key(3), 1_767_225_600_000_001]]),
};

const peers: PeerFacts = {
  addresses: [
    { address: '192.0.2.7:7420', node: key(1) },
    { address: 'wss://box.example/vault', node: undefined },
  ],
  seen: [
    { node: key(1), seenMs: 1_767_225_600_000, address: '192.0.2.7:7420' },
    { node: key(2), seenMs: 1_767_225_600_001, address: undefined },
  ],
  denials: [
    { node: key(4), folder: undefined, cutoffs: [] },
    {
      node: key(5),
      folder: key(6),
      cutoffs: [{ log: key(7), seq: 41, hash: fromHex(key(8)) }],
    },
  ],
};

describe('what a home keeps of other nodes', () => {
  test('has the bytes of the vectors', () => {
    assert.equal(toHex(encodeGate(gate)), vectors['gate']);
    assert.deepEqual(decodeGate(fromHex(vectors['gate'] ?? '')), gate);
    assert.equal(toHex(encodePeers(peers)), vectors['peers']);
    assert.deepEqual(decodePeers(fromHex(vectors['peers'] ?? '')), peers);
  });

  test('is refused where it is of a newer format or malformed', async () => {
    for (const decode of [decodeGate, decodePeers]) {
      await rejects('VAULT_FORMAT_UNSUPPORTED', () => decode(encode([2])));
      await rejects('VAULT_ENTRY_INVALID', () => decode(encode([1, 'x', 'y', 'z'])));
    }
    const unknownKind = [1, 0, [[2, fromHex(key(1)), fromHex('00')]], []];
    await rejects('VAULT_ENTRY_INVALID', () => decodeGate(encode(unknownKind)));
  });
});
