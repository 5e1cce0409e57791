import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { printedBytes, textWidth, visibleText } from '../../src/cli/display-text.ts';
import { LineEditor } from '../../src/cli/line-editor.ts';
import { editDistance, nearest } from '../../src/cli/nearest.ts';
import { tableLines, wrapText } from '../../src/cli/table.ts';
import { count, formatBytes, formatSeconds, formatTime } from '../../src/cli/units.ts';
import { pathFromBytes } from '../../src/path-bytes.ts';

test('everything a terminal would act on is written out', () => {
  assert.equal(visibleText('plain ünï 漢 😀'), 'plain ünï 漢 😀');
  assert.equal(
    visibleText('a\u001b[2Jb\n\t\r\u0007\u007f\u009b'),
    'a\\x1b[2Jb\\n\\t\\x0d\\x07\\x7f\\x9b',
  );
  assert.equal(
    visibleText('a\u202egpj.exe\u2028\u2066\u200f'),
    'a\\u202egpj.exe\\u2028\\u2066\\u200f',
  );
  assert.equal(visibleText('bad\udcff\ud800'), 'bad\\xff\\ud800');
});

test('whatever the bytes of a name, nothing a terminal acts on is left', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.doesNotMatch(visibleText(pathFromBytes(bytes)), /\p{Cc}/u);
      assert.ok(visibleText(pathFromBytes(bytes)).isWellFormed());
    }),
  );
});

test('a path is printed as exactly its bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.deepEqual(new Uint8Array(printedBytes(pathFromBytes(bytes))), bytes);
    }),
  );
  assert.equal(Buffer.from(printedBytes('x\ud800')).toString('utf8'), 'x\ufffd');
});

test('columns line up by the width of what is shown', () => {
  assert.equal(textWidth('漢字'), 4);
  assert.equal(textWidth('e\u0301'), 1);
  assert.deepEqual(
    tableLines(
      [
        ['漢', '1', 'x'],
        ['abc', '22', ''],
      ],
      [1],
    ),
    ['漢    1  x', 'abc  22'],
  );
});

test('text is wrapped at words', () => {
  assert.deepEqual(wrapText('aa bb cc', 7, 2), ['  aa bb', '  cc']);
  assert.deepEqual(wrapText('long-word', 4, 0), ['long-word']);
});

test('numbers are written for people', () => {
  assert.equal(formatBytes(0), '0 B');
  assert.equal(formatBytes(1023), '1023 B');
  assert.equal(formatBytes(1024), '1.00 KiB');
  assert.equal(formatBytes(10_230), '9.99 KiB');
  assert.equal(formatBytes(1_048_064), '1.00 MiB');
  assert.equal(formatBytes(5 * 1024 ** 4), '5.00 TiB');
  assert.equal(count(1, 'file'), '1 file');
  assert.equal(count(50_000, 'file'), '50,000 files');
  assert.equal(count(2, 'directory', 'directories'), '2 directories');
  assert.equal(formatSeconds(0.04), '0.0 s');
  assert.equal(formatSeconds(61), '61 s');
  assert.equal(formatSeconds(125), '2 min 5 s');
  assert.equal(formatSeconds(7260), '2 h 1 min');
  assert.match(formatTime('2026-01-31T10:20:30.123Z'), /^2026-\d\d-\d\d \d\d:20:30$/);
  assert.equal(formatTime('soon'), 'soon');
});

test('the near word is the one with the fewest edits, and none that is far', () => {
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('ab', 'ba'), 1);
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(nearest('snapshto', ['snapshot', 'snapshots']), 'snapshot');
  assert.equal(nearest('x', ['ls', 'status']), undefined);
  assert.equal(nearest('sl', ['ls']), 'ls');
  assert.equal(nearest('anything', []), undefined);
});

test('a character whose bytes come in two reads is one character', () => {
  const editor = new LineEditor();
  const bytes = Buffer.from('aé😀\x7fö\r');
  for (const byte of bytes) editor.type(Uint8Array.of(byte));
  assert.equal(editor.text, 'aéö');
  assert.equal(editor.state, 'done');
});

test('what is typed after the line ended is not part of it', () => {
  const editor = new LineEditor();
  editor.type(Buffer.from('first\nsecond\x03'));
  assert.equal(editor.text, 'first');
  assert.equal(editor.state, 'done');
});

test('the end of input counts on an empty line only', () => {
  const editor = new LineEditor();
  editor.type(Buffer.from('a\x04'));
  assert.equal(editor.state, 'open');
  editor.type(Buffer.from('\x7f\x04'));
  assert.equal(editor.state, 'ended');
});
