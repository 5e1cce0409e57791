import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { derivedName, foldName } from '../../src/log/derived-name.ts';
import { pathFromBytes } from '../../src/path-bytes.ts';

const facts = {
  time: Date.UTC(2026, 0, 31, 23, 59, 59, 999) * 1000 + 999,
  nodeName: 'laptop',
  versionId: '3f9a2c0123456789',
};
const suffix = ' (conflict 2026-01-31 laptop 3f9a2c)';
const never = (): boolean => false;

function name(original: string): string {
  return derivedName(original, facts, never);
}

test('a copy keeps stem and last extension around the suffix', () => {
  const table: [string, string][] = [
    ['report.docx', `report${suffix}.docx`],
    ['README', `README${suffix}`],
    ['.bashrc', `.bashrc${suffix}`],
    ['.config.json', `.config${suffix}.json`],
    ['archive.tar.gz', `archive.tar${suffix}.gz`],
    ['dot.', `dot.${suffix}`],
    ['...', `...${suffix}`],
    ['Mr. Smith went', `Mr. Smith went${suffix}`],
    ['übergrößen.txt', `übergrößen${suffix}.txt`],
    ['日本語.テキスト', `日本語${suffix}.テキスト`],
  ];
  for (const [original, expected] of table) assert.equal(name(original), expected);
});

test('what FAT and NTFS refuse is replaced', () => {
  const table: [string, string][] = [
    ['a:b*c?.t<t', `a_b_c_${suffix}.t_t`],
    ['tab\there\u007f', `tab_here_${suffix}`],
    ['back\\slash"|>', `back_slash___${suffix}`],
    ['nul.txt.jpg', `nul_.txt${suffix}.jpg`],
    ['COM1.tar.gz', `COM1_.tar${suffix}.gz`],
    ['con', `con${suffix}`],
    ['console.log.txt', `console.log${suffix}.txt`],
  ];
  for (const [original, expected] of table) assert.equal(name(original), expected);
});

test('bytes that are no UTF-8 are replaced, as no weaker file system can hold them', () => {
  const original = pathFromBytes(new Uint8Array([0x61, 0xff, 0x62, 0x2e, 0xfe, 0x63]));
  assert.equal(name(original), `a_b${suffix}._c`);
});

test('the date is that of the version in UTC, not of the reader', () => {
  const next = derivedName('a', { ...facts, time: facts.time + 1 }, never);
  assert.equal(next, 'a (conflict 2026-02-01 laptop 3f9a2c)');
});

test('a copy of something named as a copy has one suffix', () => {
  assert.equal(name('report (conflict 2025-12-24 desk aaaaaa).docx'), `report${suffix}.docx`);
  assert.equal(
    name('report (conflict of interest).docx'),
    `report (conflict of interest)${suffix}.docx`,
  );
});

test('a taken name gets more digits, then a number', () => {
  const taken = new Set<string>();
  const names = Array.from({ length: 8 }, () => {
    const next = derivedName('a', facts, (candidate) => taken.has(candidate));
    taken.add(next);
    return next.slice('a (conflict 2026-01-31 laptop '.length, -1);
  });
  assert.deepEqual(names, [
    '3f9a2c',
    '3f9a2c01',
    '3f9a2c0123',
    '3f9a2c012345',
    '3f9a2c01234567',
    '3f9a2c0123456789',
    '3f9a2c0123456789-2',
    '3f9a2c0123456789-3',
  ]);
});

test('a node’s name is shortened and cannot break the suffix', () => {
  const odd = derivedName('a.txt', { ...facts, nodeName: 'my (old): PC ' }, never);
  assert.equal(odd, 'a (conflict 2026-01-31 my _old__ PC 3f9a2c).txt');
  const long = derivedName('a.txt', { ...facts, nodeName: 'é'.repeat(200) }, never);
  assert.equal(long, `a (conflict 2026-01-31 ${'é'.repeat(20)} 3f9a2c).txt`);
  const none = derivedName('a.txt', { ...facts, nodeName: ' ' }, never);
  assert.equal(none, 'a (conflict 2026-01-31 node 3f9a2c).txt');
});

test('any name stays legal, within 255 bytes and cut between characters', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 120 }),
    fc.constantFrom('.', ' ', 'é', '😀', '日本', 'nul', '\udcff', 'x'.repeat(100)),
  );
  const anyName = fc.array(piece, { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(anyName, fc.string({ maxLength: 255 }), fc.nat(20), (original, nodeName, tries) => {
      let left = tries;
      const derived = derivedName(original, { ...facts, nodeName }, () => left-- > 0);
      assert.ok(Buffer.byteLength(derived) <= 255, `${Buffer.byteLength(derived)} bytes`);
      assert.ok(derived.isWellFormed());
      // oxlint-disable-next-line no-control-regex -- these are what must not be there
      assert.doesNotMatch(derived, /[\u0000-\u001f\u007f"*/:<>?\\|]|[. ]$/u);
      assert.match(derived, / \(conflict 2026-01-31 [^()]+ 3f9a2c[0-9a-f-]*\)/);
    }),
    { numRuns: 2000 },
  );
});

test('names are folded by ASCII letters only, which no Unicode version changes', () => {
  assert.equal(foldName('ÄbC.TXT'), 'Äbc.txt');
});
