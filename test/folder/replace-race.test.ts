import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { differenceOf, replaceName } from '../../src/folder/replace-name.ts';
import { seenStat } from '../../src/folder/seen-stat.ts';
import type { SeenEntry } from '../../src/folder/working-copy-row.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { runSeed } from '../helpers/seeded.ts';

const files = realFileSystem();
const editor = fileURLToPath(new URL('./racing-editor.js', import.meta.url));
/** As many as were written when other ways were measured. */
const EDITS = process.env['VAULT_SLOW'] === '1' ? 4_000 : 250;
const seed = runSeed();

function textOf(path: string): string | undefined {
  if (files.statIfPresent(path) === undefined) return undefined;
  return Buffer.from(files.readFile(path)).toString();
}

/** What a scan would record of the file: undefined where it is not there or changes just now. */
function recorded(path: string): { readonly seen: SeenEntry; readonly text: string } | undefined {
  try {
    const before = files.stat(path);
    const text = textOf(path);
    const after = files.stat(path);
    const isStill = before.inode === after.inode && before.ctimeNs === after.ctimeNs;
    if (text === undefined || !isStill || before.size !== text.length) return undefined;
    const version = { log: '', seq: 0, index: 0, hash8: new Uint8Array(8) };
    const seen = {
      ...seenStat(after, true),
      kind: 'file',
      digest: new Uint8Array(),
      version,
    } as const;
    return { seen, text };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

interface Raced {
  readonly applied: number;
  readonly lost: readonly string[];
}

/** Replaces a file over and over while another process edits it. */
async function race(
  t: TestContext,
  how: string,
  replace: typeof replaceName,
  edits: number,
): Promise<Raced> {
  const directory = tempDir(t);
  const work = `${directory}/work`;
  for (const name of ['work', 'work/ready', 'work/aside']) mkdirSync(`${directory}/${name}`);
  const path = `${work}/file`;
  writeFileSync(path, 'ours');
  const child = spawn(process.execPath, [editor, path, how, String(edits), String(seed)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  let exit: number | null | undefined;
  child.on('close', (code) => {
    exit = code;
  });
  const known = new Set<string>();
  let [turn, refused, applied] = [0, 0, 0];
  while (exit === undefined) {
    for (let inner = 0; inner < 50; inner++) {
      const [ready, aside] = [`${work}/ready/${turn}`, `${work}/aside/${turn}`];
      writeFileSync(ready, `ours ${turn++}`);
      // What is ours is replaced as well: an edit of it may come at any moment.
      const found = recorded(path);
      if (found === undefined) continue;
      known.add(found.text);
      const replacement = { path, expected: found.seen, next: 'ready', ready, aside } as const;
      if (replace(files, replacement).status === 'refused') refused++;
      else applied++;
    }
    await new Promise(setImmediate);
  }
  assert.equal(exit, 0);
  // Read last, when nobody has them open any more.
  for (const { name } of files.list(`${work}/aside`))
    known.add(textOf(`${work}/aside/${name}`) ?? '');
  known.add(textOf(path) ?? '');
  const lost = Array.from({ length: edits }, (_, at) => `edit ${seed} ${at}`).filter(
    (edit) => !known.has(edit),
  );
  t.diagnostic(JSON.stringify({ how, edits, applied, refused, lost: lost.length, seed }));
  return { applied, lost };
}

/** What others do. */
const lookAndRenameOver: typeof replaceName = (calls, { path, expected, ready }) => {
  const why = differenceOf(expected, calls.statIfPresent(path));
  if (why !== undefined) return { status: 'refused', why, isAside: false };
  calls.rename(ready, path);
  return { status: 'applied', stat: calls.statIfPresent(path), isAside: false };
};

for (const how of ['in place', 'by a rename']) {
  test(`no write that races with replacing, ${how}, is lost`, async (t) => {
    const { lost, applied } = await race(t, how, replaceName, EDITS);
    assert.deepEqual(lost, []);
    assert.ok(applied > 0);
  });

  test(`writes ${how} that race with looking and renaming over are lost`, async (t) => {
    const { lost } = await race(t, how, lookAndRenameOver, 500);
    assert.ok(lost.length > 0, 'else the test above would show nothing');
  });
}
