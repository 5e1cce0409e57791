import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { replaceName } from '../../src/folder/replace-name.ts';
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

for (const how of ['in place', 'by a rename']) {
  test(`no write that races with replacing, ${how}, is lost`, async (t) => {
    const directory = tempDir(t);
    const work = `${directory}/work`;
    for (const name of ['work', 'work/ready', 'work/aside']) mkdirSync(`${directory}/${name}`);
    const path = `${work}/file`;
    writeFileSync(path, 'ours');
    const child = spawn(process.execPath, [editor, path, how, String(EDITS), String(seed)], {
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
        const found = recorded(path);
        if (found === undefined) continue;
        known.add(found.text);
        if (!found.text.startsWith('edit ')) continue;
        const [ready, aside] = [`${work}/ready/${turn}`, `${work}/aside/${turn++}`];
        writeFileSync(ready, `ours ${turn}`);
        const replaced = replaceName(files, {
          path,
          expected: found.seen,
          next: 'ready',
          ready,
          aside,
        });
        if (replaced.status === 'refused') refused++;
        else applied++;
      }
      await new Promise(setImmediate);
    }
    assert.equal(exit, 0);
    // Read last, when nobody has them open any more.
    for (const { name } of files.list(`${work}/aside`))
      known.add(textOf(`${work}/aside/${name}`) ?? '');
    known.add(textOf(path) ?? '');
    const lost = Array.from({ length: EDITS }, (_, at) => `edit ${seed} ${at}`).filter(
      (edit) => !known.has(edit),
    );
    t.diagnostic(JSON.stringify({ how, edits: EDITS, applied, refused, lost: lost.length, seed }));
    assert.deepEqual(lost, []);
    assert.ok(applied > 0);
  });
}
