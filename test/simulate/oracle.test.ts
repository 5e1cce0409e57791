import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Head } from '../../src/log/types.ts';
import { headsText } from './oracle.ts';

function head(log: string, seq: number, first: number): Head {
  return { log, seq, hash: new Uint8Array(32).fill(first), signature: new Uint8Array(64) };
}

describe('when the oracle takes the logs of two nodes for the same', () => {
  test('which line of a forked log holds which branch does not count', () => {
    const a = new Map([
      ['log', head('log', 4, 1)],
      ['branch of 7', head('log', 7, 2)],
    ]);
    const b = new Map([
      ['log', head('log', 7, 2)],
      ['branch of 4', head('log', 4, 1)],
    ]);
    assert.equal(headsText(a.values()), headsText(b.values()));
  });

  test('an entry, a branch or a log that only one has does', () => {
    const all = [head('log', 4, 1), head('log', 7, 2), head('other', 0, 3)];
    const texts = [
      all,
      all.slice(1),
      all.slice(0, 2),
      [head('log', 3, 1), ...all.slice(1)],
      [head('log', 4, 9), ...all.slice(1)],
    ].map(headsText);
    assert.equal(new Set(texts).size, texts.length);
  });
});
