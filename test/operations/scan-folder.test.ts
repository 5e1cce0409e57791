import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GoneFiles } from '../../src/folder/gone-files.ts';
import { Survey } from '../../src/folder/survey.ts';
import { recordedDirectories, scanFolder, stillGone } from '../../src/operations/scan-folder.ts';
import { SharedNode } from '../helpers/shared-node.ts';

const { signal } = new AbortController();

/** What a survey that keeps `most` files in mind takes for gone. */
async function goneOf(node: SharedNode, most: number): Promise<number> {
  const { session, folder } = node;
  const survey = new Survey((directory) => folder.seen(directory), new GoneFiles(most));
  for await (const scanned of scanFolder(session, folder, signal, recordedDirectories)) {
    await survey.take(scanned);
  }
  return stillGone(session, folder, survey, signal);
}

test('directories moved elsewhere are not gone, whether or not all their files are kept in mind', async () => {
  const [node] = await SharedNode.make('a');
  assert.ok(node);
  node.put({ 'a/1': 'one', 'a/deep/2': 'two', 'a/deep/3': 'three', 'b/4': 'four' });
  await node.record();
  node.fs.makeDirectories('/disk/new');
  node.fs.rename('/disk/a', '/disk/new/a');
  node.fs.rename('/disk/b', '/disk/new/c');
  for (const most of [1, 2, 100]) assert.equal(await goneOf(node, most), 0, `of ${most}`);
  node.fs.removeFile('/disk/new/a/deep/3');
  node.fs.removeFile('/disk/new/c/4');
  for (const most of [1, 2, 100]) assert.equal(await goneOf(node, most), 2, `of ${most}`);
});
