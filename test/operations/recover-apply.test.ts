import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { StagingArea } from '../../src/folder/staging-area.ts';
import { recoverApply } from '../../src/operations/recover-apply.ts';
import { SharedNode } from '../helpers/shared-node.ts';
import { operationContext } from '../helpers/test-home.ts';

/**
 * A file was recorded as `whole content` and moved aside, something else took its place, and the machine
 * stopped: what lies aside then has this text, and the modification time it had or another.
 */
async function stopped(text: string, isWritten: boolean): Promise<SharedNode> {
  const [node] = await SharedNode.make('a');
  assert.ok(node);
  node.put({ f: 'whole content' });
  await node.record();
  const { mtimeNs } = node.fs.stat('/disk/f');
  const area = StagingArea.open(node.fs, '/disk');
  const aside = area.makeAside('f');
  node.fs.rename('/disk/f', aside);
  const name = aside.slice(aside.lastIndexOf('/') + 1);
  area.close();
  const path = `/disk/.vault-apply.tmp/old/${name}`;
  const file = node.fs.open(path, { mode: 'write' });
  file.truncate(0);
  file.write(utf8(text), 0);
  file.close();
  if (!isWritten) node.fs.setModified(path, mtimeNs);
  node.put({ f: 'what took its place' });
  return node;
}

async function textsAfter(node: SharedNode): Promise<string[]> {
  await recoverApply(node.session, node.folder, operationContext());
  await node.record();
  assert.equal(StagingArea.isThere(node.fs, '/disk'), false);
  assert.deepEqual(node.tree(), { f: 'what took its place' });
  const { log } = node.folder;
  const texts: string[] = [];
  for (const link of await log.linksOf('f')) {
    const { manifest } = await log.body(link);
    texts.push(manifest?.root ? Buffer.from(await log.openContent(manifest.root)).toString() : '');
  }
  return texts.toSorted();
}

describe('what lies aside after the machine stopped', () => {
  const kept = ['what took its place', 'whole content'];

  test('is dropped where a power cut tore what is stored whole', async () => {
    for (const torn of ['', 'whole', 'whole\0\0\0\0\0\0\0\0', '\0'.repeat(13), 'whole content']) {
      assert.deepEqual(await textsAfter(await stopped(torn, false)), kept, JSON.stringify(torn));
    }
  });

  test('is recorded where anybody wrote to it, were it only to cut it short', async () => {
    for (const text of ['whole', 'whole but edited', 'whole\0\0\0\0\0\0\0\0']) {
      const texts = await textsAfter(await stopped(text, true));
      assert.deepEqual(texts, [...kept, text].toSorted(), JSON.stringify(text));
    }
    const edited = await textsAfter(await stopped('another content', false));
    assert.deepEqual(edited, ['another content', ...kept], 'whatever its time says');
  });
});
