import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { log } from '../helpers/log-samples.ts';
import { TestFolder, version } from '../helpers/test-folder.ts';
import type { RandomSource } from '../../src/random.ts';

const keepAll: RandomSource = { bytes: (length) => new Uint8Array(length).fill(0xff) };

/** A home, and what another copy of it wrote since. */
async function twoCopies(): Promise<{ here: TestFolder; copy: TestFolder }> {
  const here = await TestFolder.make();
  await here.log.append({ versions: [version('before')] });
  const copy = await TestFolder.make();
  copy.chunks = here.chunks.crash(keepAll);
  copy.meta = here.meta.crash(keepAll);
  await copy.open();
  await here.reopen();
  await copy.log.append({ versions: [version('by the copy')] });
  return { here, copy };
}

/** Spoils the value of the last head, as a bad sector would. */
async function spoilHead(folder: TestFolder): Promise<void> {
  let last: { seq: number; value: Uint8Array } | undefined;
  for await (const one of folder.chunks.scan(0)) if (one.value[4] === 5) last = one;
  assert.ok(last);
  const { seq, value } = last;
  value[value.length - 1] = (value.at(-1) ?? 0) ^ 1;
  await folder.chunks.write({ puts: [{ seq, value }] }, { sync: true });
}

describe('entries of its own log that a home took from elsewhere', () => {
  test('are told from what it wrote after a stop, a power cut, and where the index is made anew', async () => {
    const { here, copy } = await twoCopies();
    assert.equal(here.log.exchange.hasAdoptedOwn, false);
    here.clock.advance(1000);
    await copy.giveTo(here);
    assert.equal(here.log.exchange.hasAdoptedOwn, true);
    await here.reopen();
    assert.equal(here.log.exchange.hasAdoptedOwn, true);
    await here.crash({ bytes: (length) => new Uint8Array(length) });
    assert.equal(here.log.exchange.hasAdoptedOwn, true);
    await here.reopen({ rebuilt: true });
    assert.equal(here.log.exchange.hasAdoptedOwn, true);
    const seen = await here.log.firstSeen();
    for (const link of await here.log.linksOf('by the copy')) assert.equal(seen(link), link.time);
    await copy.reopen({ rebuilt: true });
    assert.equal(copy.log.exchange.hasAdoptedOwn, false, 'what it wrote itself');
  });

  test('are told where their head had to be written anew', async () => {
    const { here, copy } = await twoCopies();
    await copy.giveTo(here);
    await spoilHead(here);
    await here.reopen();
    await here.reopen({ rebuilt: true });
    assert.equal(here.log.exchange.hasAdoptedOwn, true);
  });

  test('may be among those whose head is lost with the index', async () => {
    const { here, copy } = await twoCopies();
    await copy.giveTo(here);
    await spoilHead(here);
    await here.reopen({ rebuilt: true });
    assert.equal(here.log.heads.get(log)?.seq, 2);
    assert.equal(here.log.exchange.hasAdoptedOwn, 'unknown');
    await here.reopen({ rebuilt: true });
    assert.equal(
      here.log.exchange.hasAdoptedOwn,
      'unknown',
      'the head that was signed anew says so',
    );
  });

  test('are no concern of the log that is begun after them', async () => {
    const { here, copy } = await twoCopies();
    await copy.giveTo(here);
    await here.log.begin('ab'.repeat(32), [
      {
        type: 'log-start',
        node: here.node,
        nodeName: 'alice',
        incarnation: new Uint8Array(16),
        folderSalt: undefined,
        previous: undefined,
      },
    ]);
    assert.equal(here.log.exchange.hasAdoptedOwn, false);
  });
});
