import assert from 'node:assert/strict';
import { test } from 'node:test';
import { currentVersions, VersionGraph } from '../../src/log/current-versions.ts';
import type { NamedLink } from '../../src/log/types.ts';
import {
  compareVersions,
  linkKey,
  nameOf,
  sameContent,
  versionId,
  versionKey,
} from '../../src/log/version-name.ts';
import { Script } from '../helpers/links.ts';

function at(graph: VersionGraph, path: string): NamedLink[] {
  return [...graph.currentAt(path)].map(({ link }) => link);
}

test('a version is current until a known version names it', () => {
  const script = new Script();
  const a = script.write('A', 'p');
  const b = script.write('B', 'p', { parents: [a] });
  const graph = new VersionGraph();
  assert.ok(graph.add(a));
  assert.deepEqual(at(graph, 'p'), [a]);
  assert.ok(graph.add(b));
  assert.deepEqual(at(graph, 'p'), [b]);
  assert.equal(graph.add(a), false, 'known already');
});

test('a child that arrives first keeps its parent superseded', () => {
  const script = new Script();
  const a = script.write('A', 'p');
  const b = script.write('B', 'p', { parents: [a] });
  const graph = new VersionGraph();
  graph.add(b);
  assert.equal(graph.find(nameOf(a)), undefined);
  assert.ok(graph.isSuperseded(nameOf(a)));
  graph.add(a);
  assert.deepEqual(at(graph, 'p'), [b]);
  assert.equal(graph.find(nameOf(a))?.link, a);
});

test('a rename supersedes the version at the old path', () => {
  const script = new Script();
  const old = script.write('A', 'old');
  const moved = script.write('A', 'new', { parents: [old] });
  const current = currentVersions([moved, old]);
  assert.deepEqual([...current], [['new', [moved]]]);
});

test('a parent on one branch of a fork does not supersede the other branch', () => {
  const script = new Script();
  const one = script.write('A', 'p', { seq: 0 });
  const other = script.write('A', 'p', { seq: 0 });
  const next = script.write('B', 'p', { parents: [one] });
  assert.deepEqual(currentVersions([one, other, next]).get('p'), [next, other]);
});

test('a parent finds its version whether or not either of them names the branch', () => {
  const origin = (log: string): string => (log === 'branch of A' ? 'A' : log);
  const script = new Script();
  const written = script.write('A', 'p');
  const inBranch = { ...written, dot: { ...written.dot, log: 'branch of A' } };
  const next = script.write('B', 'p', { parents: [written] });
  const later = script.write('B', 'p', { parents: [inBranch] });
  assert.deepEqual(currentVersions([inBranch, next], origin).get('p'), [next]);
  assert.deepEqual(currentVersions([written, later], origin).get('p'), [later]);
});

test('a link taken out gives back nothing that it did not supersede alone', () => {
  const script = new Script();
  const a = script.write('A', 'p');
  const b = script.write('B', 'p', { parents: [a] });
  const c = script.write('C', 'q', { parents: [a] });
  const graph = new VersionGraph();
  for (const link of [a, b, c]) graph.add(link);
  assert.ok(graph.remove(b));
  assert.equal(graph.remove(b), false);
  assert.deepEqual(at(graph, 'p'), []);
  assert.ok(graph.remove(c));
  assert.deepEqual(at(graph, 'p'), [a]);
  assert.deepEqual([...graph.links()], [a]);
});

test('a version that names itself or one parent twice is no puzzle', () => {
  const script = new Script();
  const a = script.write('A', 'p');
  const b = script.write('B', 'p', { parents: [a, a] });
  const odd = { ...b, parents: [...b.parents, nameOf(b)] };
  assert.deepEqual(currentVersions([odd, a]).get('p'), [odd]);
});

test('keys and ids tell every part of a name apart', () => {
  const script = new Script();
  const a = script.write('A', 'p');
  const names = [
    nameOf(a),
    { ...nameOf(a), log: 'B' },
    { ...nameOf(a), seq: 1 },
    { ...nameOf(a), index: 1 },
    { ...nameOf(a), hash8: new Uint8Array(8) },
    { ...nameOf(a), hash8: new Uint8Array([0, 0, 0, 0, 0, 0, 0, 1]) },
  ];
  assert.equal(new Set(names.map((name) => versionKey(name))).size, names.length);
  assert.equal(new Set(names.map((name) => versionId(name))).size, names.length);
  assert.equal(linkKey(a), versionKey(nameOf(a)));
  assert.match(versionId(nameOf(a)), /^[0-9a-f]{64}$/);
});

test('the id of a version does not change when its log turns out to be forked', () => {
  const name = nameOf(new Script().write('A', 'p'));
  const origin = (log: string): string => (log === 'branch' ? 'A' : log);
  assert.equal(versionId({ ...name, log: 'branch' }, origin), versionId(name));
});

test('versions are equal in content by kind and digest', () => {
  const script = new Script();
  const a = script.write('A', 'p', { content: 'x' });
  const b = script.write('B', 'q', { content: 'x' });
  const c = script.write('B', 'q', { content: 'x', kind: 'symlink' });
  assert.ok(sameContent(a, b));
  assert.ok(!sameContent(a, c));
  assert.ok(compareVersions(b, a) > 0 && compareVersions(a, b) < 0);
  assert.equal(compareVersions(a, a), 0);
});
