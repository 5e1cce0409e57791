import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concat, equalBytes, fromHex, toHex, utf8 } from '../src/bytes.ts';
import { isTextPath, nativePath, pathFromBytes, pathToBytes } from '../src/path-bytes.ts';

/** Bytes that often are nearly UTF-8. */
const bytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc.string({ unit: 'binary', maxLength: 4 }).map(utf8),
      fc.constantFrom('c0', 'c3', 'e0', 'e28080', 'eda080', 'f0', 'f4908080', '80').map(fromHex),
    ),
    { maxLength: 8 },
  )
  .map((parts) => concat(...parts));

test('any bytes come back from their text form', () => {
  fc.assert(
    fc.property(bytes, (some) => {
      const text = pathFromBytes(some);
      assert.equal(toHex(pathToBytes(text)), toHex(some));
      assert.equal(pathFromBytes(pathToBytes(text)), text);
    }),
    { numRuns: 5000 },
  );
});

test('different bytes have different text forms', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      assert.equal(pathFromBytes(a) === pathFromBytes(b), equalBytes(a, b));
    }),
    { numRuns: 5000 },
  );
});

test('UTF-8 is its own text form', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(pathFromBytes(utf8(text)), text);
      assert.deepEqual(pathToBytes(text), utf8(text));
      assert.ok(isTextPath(text));
      assert.equal(nativePath(text), text);
    }),
    { examples: [['\ufeffmark'], ['\ufffd'], ['a/b\\c\0']] },
  );
});

test('each byte that is not UTF-8 stands as one lone surrogate', () => {
  const forms: [string, string][] = [
    ['61ff62', 'a\udcffb'],
    ['80', '\udc80'],
    ['c3', '\udcc3'],
    ['c080', '\udcc0\udc80'],
    ['e28061', '\udce2\udc80a'],
    ['eda080', '\udced\udca0\udc80'],
    ['edb3bf', '\udced\udcb3\udcbf'],
    ['f0808080', '\udcf0\udc80\udc80\udc80'],
    ['f4908080', '\udcf4\udc90\udc80\udc80'],
    ['f09f9880ff', '😀\udcff'],
    ['f09f98', '\udcf0\udc9f\udc98'],
    ['fffe', '\udcff\udcfe'],
  ];
  for (const [hex, text] of forms) {
    assert.equal(pathFromBytes(fromHex(hex)), text, hex);
    assert.equal(toHex(pathToBytes(text)), hex);
    assert.equal(isTextPath(text), false);
    assert.equal(toHex(nativePath(text) as Buffer), hex);
  }
});

test('surrogates that stand for no byte are a mistake', () => {
  for (const text of ['\ud800', 'a\udc00', '\udc7f', '\udd00', '\udfff', '\ud83d/\ude00']) {
    assert.throws(() => pathToBytes(text), RangeError);
    assert.throws(() => nativePath(text), RangeError);
  }
});
