import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VaultError } from '../../src/errors.ts';
import { ChangeTally } from '../../src/folder/change-tally.ts';
import type { OperationContext } from '../../src/operations/operation.ts';
import { env, optionsOf, run, type Ran } from './command-runs.ts';
import { fakeDaemon } from './fake-daemon.ts';
import { fakeVault, type FakeVault } from './fake-vault.ts';

test('each command hands over what was given and nothing that was not', async () => {
  const cwd = '/place/here';
  assert.deepEqual(await optionsOf('status'), { folders: [] });
  assert.deepEqual(await optionsOf('status a ./b .. /c'), {
    folders: ['a', '/place/here/b', '/place', '/c'],
  });
  assert.deepEqual(await optionsOf('snapshot'), { folders: [] });
  assert.deepEqual(await optionsOf('snapshot a --message hi --tag x --tag y --pin --yes'), {
    folders: ['a'],
    message: 'hi',
    tags: ['x', 'y'],
    pin: true,
    yes: true,
  });
  assert.deepEqual(await optionsOf('-f a snapshot --skip-unchanged'), {
    folders: ['a'],
    skipUnchanged: true,
  });
  assert.deepEqual(await optionsOf('snapshot -n -v'), {
    folders: [],
    dryRun: true,
    listChanges: true,
  });
  assert.deepEqual(await optionsOf('snapshots a'), { folders: ['a'], cwd });
  assert.deepEqual(await optionsOf('stats'), { folders: [], cwd });
  assert.deepEqual(await optionsOf('stats a b'), { folders: ['a', 'b'], cwd });
  assert.deepEqual(await optionsOf('log'), { paths: [], cwd });
  assert.deepEqual(await optionsOf('log x --limit 5 --since yesterday -f docs'), {
    folder: 'docs',
    paths: ['x'],
    cwd,
    limit: 5,
    since: 'yesterday',
  });
  assert.deepEqual(await optionsOf('show 3f --limit 0'), { cwd, id: '3f', limit: 0 });
  assert.deepEqual(await optionsOf('find *.md'), { cwd, pattern: '*.md' });
  assert.deepEqual(await optionsOf('find x -f docs --at now -a -i -l'), {
    folder: 'docs',
    cwd,
    pattern: 'x',
    at: 'now',
    all: true,
    ignoreCase: true,
  });
  assert.deepEqual(await optionsOf('ls'), { paths: [], cwd });
  assert.deepEqual(await optionsOf('ls x/y --at yesterday -R -f docs'), {
    folder: 'docs',
    paths: ['x/y'],
    cwd,
    at: 'yesterday',
    recursive: true,
  });
  assert.deepEqual(await optionsOf('cat x --at 3f'), { paths: ['x'], cwd, at: '3f' });
  assert.deepEqual(await optionsOf('cat x --fetch'), { paths: ['x'], cwd, fetch: true });
  assert.deepEqual(await optionsOf('restore --to out'), {
    paths: [],
    cwd,
    to: '/place/here/out',
  });
  assert.deepEqual(
    await optionsOf(
      'restore p q --to /o --at now --include i --exclude e --overwrite if-changed --verify -n',
    ),
    {
      paths: ['p', 'q'],
      cwd,
      to: '/o',
      at: 'now',
      include: ['i'],
      exclude: ['e'],
      overwrite: 'if-changed',
      verify: true,
      dryRun: true,
    },
  );
  assert.deepEqual(await optionsOf('verify --read --max-duration 2m --sample 10'), {
    folders: [],
    read: true,
    maxDurationMs: 120_000,
    sample: 10,
  });
  assert.deepEqual(await optionsOf('folder add sub --name n --stored-only --exclude *.o'), {
    path: '/place/here/sub',
    name: 'n',
    storedOnly: true,
    exclude: ['*.o'],
  });
  assert.deepEqual(
    await optionsOf(
      'folder add sub --exclude-caches --exclude-if-present a --exclude-if-present b --exclude-larger-than 1.5k --one-file-system',
    ),
    {
      path: '/place/here/sub',
      excludeCaches: true,
      excludeIfPresent: ['a', 'b'],
      excludeLargerThan: 1536,
      oneFileSystem: true,
    },
  );
  assert.deepEqual(await optionsOf('status docs --ignored'), { folders: ['docs'], ignored: true });
  assert.deepEqual(await optionsOf('folder show docs'), 'docs');
  assert.deepEqual(await optionsOf('folder set docs name=papers exclude=a=b'), {
    folder: 'docs',
    settings: [
      { key: 'name', value: 'papers' },
      { key: 'exclude', value: 'a=b' },
    ],
  });
  assert.deepEqual(await optionsOf('folder remove docs -n'), { folder: 'docs', dryRun: true });
  assert.deepEqual(await optionsOf('folder remove docs --yes'), { folder: 'docs', yes: true });
  assert.deepEqual(await optionsOf('key remove 2'), { slot: '2' });
  assert.deepEqual(await optionsOf('config get reserve'), 'reserve');
  assert.deepEqual(await optionsOf('config set reserve 16M'), { key: 'reserve', value: '16M' });
});

test('VAULT_FOLDER names the folder unless the command line does', async () => {
  const named = { env: { ...env, VAULT_FOLDER: 'music' } };
  assert.deepEqual(await optionsOf('snapshot', named), { folders: ['music'] });
  assert.deepEqual(await optionsOf('snapshot -f a', named), { folders: ['a'] });
  assert.deepEqual(await optionsOf('snapshot b', named), { folders: ['b'] });
});

test('a folder named by a word and by -f is refused', async () => {
  const { exit, fake } = await run(fakeVault(), 'snapshot b -f a');
  assert.equal(exit, 2);
  assert.match(fake.err, /-f a and b: name the folder one way/);
});

test('a folder command without a folder is refused before the home is opened', async () => {
  const vault = fakeVault();
  assert.equal((await run(vault, 'folder remove')).exit, 2);
  assert.equal((await run(vault, 'folder show')).exit, 2);
  assert.equal((await run(vault, 'folder set docs plain')).exit, 2);
  assert.equal(vault.opened.length, 0);
});

test('results go to standard output and nothing else does', async () => {
  const { fake } = await run(fakeVault(), 'ls');
  assert.equal(fake.outBytes.toString('latin1'), 'a/\nb.txt\nbad\xff\n\nl\n');
  assert.equal(fake.err, '');
});

test('names are escaped on a terminal and written as their bytes elsewhere', async () => {
  const { fake } = await run(fakeVault(), 'ls --no-color', { isOutputTerminal: true });
  assert.equal(fake.out, 'a/\nb.txt\nbad\\xff\\n\nl\n');
});

test('ls --long shows kind, size, time and target', async () => {
  const { fake } = await run(fakeVault(), 'ls --long', { isOutputTerminal: true });
  assert.match(fake.out, /^-x {2} +10 B {2}2026-01-31 \d\d:20:30 {2}b\.txt$/m);
  assert.match(fake.out, /^l- {2} +- {2}2026-01-31 \d\d:20:30 {2}l -> b\.txt$/m);
});

test('log is a line for each version, with a star and colours where they are current', async () => {
  const plain = await run(fakeVault(), 'log');
  const [first = '', second = ''] = plain.fake.out.split('\n');
  assert.match(
    first,
    /^\* {2}cd12cd12cd12 {2}2026-01-31 \d\d:20:30 {7}10 B {2}laptop {2}b\.txt \(from old.\)$/,
  );
  assert.match(second, /^ {3}ab34ab34ab34 {2}2026-01-31 \d\d:20:30 {10}- {2}laptop {2}old.$/);
  const terminal = { isOutputTerminal: true };
  const colours = (await run(fakeVault(), 'log', terminal)).fake.out;
  assert.ok(colours.startsWith('\u001b[32m*\u001b[39m  \u001b[1mcd12cd12cd12'), colours);
  assert.ok(colours.includes('(from old\\x1b)'), colours);
  const without = await run(fakeVault(), 'log', { ...terminal, env: { ...env, NO_COLOR: '1' } });
  assert.ok(!without.fake.out.includes('\u001b'));
});

test('show tells a snapshot field by field', async () => {
  const { fake } = await run(fakeVault(), 'show first');
  assert.match(
    fake.out,
    /^snapshot {4}(ab){32}\nfolder {6}docs\ntime {8}2026-01-31 .*\nnode {8}laptop\nmessage {5}hi\n\n$/,
  );
});

test('find marks what is gone, and hints at it where nothing was found', async () => {
  const { fake } = await run(fakeVault(), 'find a --all');
  assert.match(fake.out, /^a\/\nb {2}\(moved to c, 2026-01-31 .*, version cd12cd12cd12\)\n$/);
  const none = fakeVault({ find: () => Promise.resolve({ entries: 0, deleted: 0, damaged: 0 }) });
  assert.match((await run(none, 'find a')).fake.err, /hint: .*--all/);
  assert.equal((await run(none, 'find a --all')).fake.err, '');
});

test('stats tells each folder and the home', async () => {
  const { fake } = await run(fakeVault(), 'stats');
  assert.match(fake.out, /^docs\n {2}now {7}12 files, 3 directories, 4\.77 MiB\n/);
  assert.match(fake.out, /\nhome: 8\.58 MiB, of which 7\.63 MiB kept for a full disk\n$/);
});

test('cat writes content as it is', async () => {
  const { fake } = await run(fakeVault(), 'cat x');
  assert.deepEqual([...fake.outBytes], [0, 1, 2, 255]);
});

test('cat refuses --json, with the error as its only line', async () => {
  const vault = fakeVault();
  const { fake, exit } = await run(vault, 'cat x --json');
  assert.equal(exit, 2);
  assert.equal(fake.lines.length, 1);
  assert.equal(fake.lines[0]?.['type'], 'error');
  assert.equal(vault.opened.length, 0);
});

test('folder show tells the folder, what it leaves out and its settings', async () => {
  const { fake } = await run(fakeVault(), 'folder show docs');
  assert.match(
    fake.out,
    /^name {4}docs\nid {6}(ab)+\npath {4}\/place\/here\/docs\nstate {3}in order\nsince {3}2026-01-31 \d\d:20:30\nwithout \*\.o\nexclude = \*\.tmp\n$/,
  );
});

test('a snapshot is told in a sentence, or that there was nothing to take', async () => {
  const { fake } = await run(fakeVault(), 'snapshot');
  assert.match(
    fake.out,
    /^docs: snapshot abababababab, 12 files, 4\.77 MiB; 2 added, 1 changed, 0 removed; 68\.4 KiB new, 29\.3 KiB stored; 0\.4 s\n$/,
  );
  const quiet = await run(fakeVault(), 'snapshot -q');
  assert.equal(quiet.fake.out + quiet.fake.err, '');
});

test('changes are listed with --verbose, and by a dry run, which speaks of what would be', async () => {
  const changes = '+ new/\nR bad\\xff -> new/b\n- old\n';
  const verbose = await run(fakeVault(), 'snapshot -v --no-color', { isOutputTerminal: true });
  assert.ok(verbose.fake.out.startsWith(`${changes}docs: snapshot `), verbose.fake.out);
  const dry = await run(fakeVault(), 'snapshot -n --no-color', { isOutputTerminal: true });
  const sentence = 'docs: would keep 12 files, 4.77 MiB; 2 added, 1 changed, 0 removed\n';
  assert.equal(dry.fake.out, changes + sentence);
  const json = await run(fakeVault(), 'snapshot --dry-run --json');
  assert.equal(json.fake.lines[0]?.['type'], 'would-record');
  assert.deepEqual(
    [json.fake.lines.at(-1)?.['dryRun'], json.fake.lines.at(-1)?.['snapshot']],
    [true, null],
  );
});

test('doctor tells each finding with its remedy, and only a problem makes its exit 3', async () => {
  const base = { type: 'check', path: null, remedy: null };
  const checks = [
    { ...base, name: 'node', status: 'ok', message: 'new enough' },
    { ...base, name: 'case', status: 'warning', message: 'one file', remedy: 'rename', path: '/w' },
  ];
  const ran = (argv: string, problems: number): Promise<Ran> => {
    const vault = {
      ...fakeVault(),
      examine: (_options: unknown, context: OperationContext) => {
        for (const item of checks) context.emit({ type: 'item', item });
        return Promise.resolve({ ok: 1, warnings: 1, problems });
      },
    };
    return run(vault, argv);
  };
  const { fake, exit } = await ran('doctor', 0);
  assert.equal(exit, 0);
  const name = 'case'.padEnd(15);
  const warned = `/w:\n  warning  ${name}  one file\n${' '.repeat(28)}rename\n`;
  const end = '0 problems, 1 warning\n';
  assert.equal(fake.out, `ok       ${'node'.padEnd(15)}  new enough\n${warned}${end}`);
  assert.equal((await ran('doctor -q', 1)).fake.out, warned);
  assert.equal((await ran('doctor', 1)).exit, 3);
});

test('status tells problems, and --check makes what is open exit 3', async () => {
  const { fake, exit } = await run(fakeVault(), 'status');
  assert.equal(exit, 0);
  assert.match(
    fake.out,
    /docs {2}\/place\/here\/docs {2}3 changes to snapshot, 1 conflict, 1 problem\n/,
  );
  assert.match(fake.out, /problem: cannot read a directory/);
  assert.match(fake.err, /vault: hint: 3 changes: vault snapshot/);
  assert.equal((await run(fakeVault(), 'status --check')).exit, 3);
  const calm = Promise.resolve({ open: false, folders: 1, pending: 0, conflicts: 0 });
  const closed = fakeVault({ status: () => calm });
  assert.equal((await run(closed, 'status --check')).exit, 0);
});

test('a restore that could not give everything is 22, one with errors 3, both 22', async () => {
  const result = { folder: 'ab', files: 1, dirs: 0, bytes: 1, skipped: 0, seconds: 1 };
  for (const [damaged, errors, expected] of [
    [1, 0, 22],
    [0, 2, 3],
    [1, 2, 22],
    [0, 0, 0],
  ] as const) {
    const vault = fakeVault({
      restore: () => Promise.resolve({ ...result, damaged, errors }),
    });
    const { exit, fake } = await run(vault, 'restore --to d --json');
    assert.equal(exit, expected);
    assert.equal(fake.lines.at(-1)?.['type'], 'summary');
  }
});

test('a dry run of restore lists what the run would do', async () => {
  const { fake } = await run(fakeVault(), 'restore --to /d -n');
  assert.match(fake.out, /^would restore {2}b\.txt\nwould restore 12 files and 3 directories/);
});

test('diff says what became of each path, or prints the patch', async () => {
  const { fake } = await run(fakeVault(), 'diff early late');
  assert.equal(
    fake.out,
    [
      'added    d/',
      'changed  b.txt',
      'renamed  x => y',
      'mode     run (executable)',
      'kind     l (file => symlink)',
      '5 differences: 1 added, 1 changed, 1 renamed, 1 mode, 1 kind\n',
    ].join('\n'),
  );
  const patch = await run(fakeVault(), 'diff early -p b.txt');
  assert.equal(patch.fake.out, '--- a/b.txt\n+++ b/b.txt\n@@ -1,1 +1,1 @@\n-\told\n+\tnew\n');
  assert.deepEqual(await optionsOf('diff early -p b.txt'), {
    from: 'early',
    paths: ['b.txt'],
    cwd: '/place/here',
    patch: true,
  });
  assert.equal((await run(fakeVault(), 'diff')).exit, 2);
});

test('damage found by verify is listed as chunk, files and versions, exit 22', async () => {
  const damage = {
    type: 'damage',
    chunk: 'c0ffee',
    problem: 'content does not match',
    files: ['x/y', 'z'],
    versions: ['v1'],
  };
  const sums = { folders: 1, chunks: 9, bytes: 1, versions: 2, mended: 0, seconds: 1 };
  const vault = fakeVault({
    async verify(_options, context) {
      context.emit({ type: 'item', item: damage });
      return Promise.resolve({ ...sums, damaged: 1, complete: true });
    },
  });
  const { fake, exit } = await run(vault, 'verify');
  assert.equal(exit, 22);
  assert.match(
    fake.out,
    /^damage: chunk c0ffee: content does not match\n {4}file {5}x\/y\n {4}file {5}z\n {4}version {2}v1\n/,
  );
});

test('a verify cut short by its time is 3; a sample that was read is 0', async () => {
  const sums = { folders: 1, bytes: 1, versions: 2, mended: 0, damaged: 0, seconds: 1 };
  const cut = (chunks: number): FakeVault =>
    fakeVault({ verify: () => Promise.resolve({ ...sums, chunks, complete: false }) });
  assert.equal((await run(cut(5), 'verify --read --max-duration 1m')).exit, 3);
  assert.equal((await run(cut(5), 'verify --read --sample 5')).exit, 0);
  assert.equal((await run(cut(5), 'verify --read --sample 5 --max-duration 1m')).exit, 0);
  assert.equal((await run(cut(4), 'verify --read --sample 5 --max-duration 1m')).exit, 3);
});

test('one folder that fails is told, and its code is the exit code of the whole', async () => {
  for (const [code, done, expected] of [
    ['VAULT_REFUSED', true, 23],
    ['VAULT_NO_SPACE', true, 21],
    ['VAULT_IO', true, 3],
    ['VAULT_IO', false, 1],
  ] as const) {
    const vault = fakeVault({
      async snapshot(options, context) {
        const error = { code, message: 'it went wrong' };
        context.emit({
          type: 'item',
          item: { type: 'result', folder: 'ab', name: 'music', error },
        });
        if (done) {
          const other = await fakeVault().openVault(opening);
          await other.snapshot(options, context);
        }
        return zero;
      },
    });
    const { fake, exit } = await run(vault, 'snapshot');
    assert.equal(exit, expected, code);
    assert.match(fake.err, /vault: error: music: it went wrong/);
  }
});

test('a thrown error is told with its hint, and its exit code is given', async () => {
  const error = new VaultError('VAULT_NOT_FOUND', 'no folder docs', { hint: 'there is: music' });
  const vault = fakeVault({ snapshots: () => Promise.reject(error) });
  const text = await run(vault, 'snapshots docs');
  assert.equal(text.exit, 10);
  assert.equal(text.fake.err, 'vault: error: no folder docs\nvault: hint: there is: music\n');
  const json = await run(vault, 'snapshots docs --json');
  assert.deepEqual(json.fake.lines, [
    {
      type: 'error',
      code: 'VAULT_NOT_FOUND',
      message: 'no folder docs',
      hint: 'there is: music',
      exit: 10,
    },
  ]);
  assert.equal(vault.closed, 2);
});

test('an error that is none of ours fails with 1, one of a full disk with 21', async () => {
  const full = Object.assign(new Error('write failed'), { code: 'ENOSPC' });
  const wrapped = new Error('cannot go on', { cause: full });
  for (const [error, expected] of [
    [new TypeError('oops'), 1],
    [full, 21],
    [wrapped, 21],
  ] as const) {
    const vault = fakeVault({ snapshots: () => Promise.reject(error) });
    assert.equal((await run(vault, 'snapshots a')).exit, expected);
  }
  const vault = fakeVault({ snapshots: () => Promise.reject(wrapped) });
  const { fake } = await run(vault, 'snapshots a --verbose');
  assert.match(fake.err, /vault: error: cannot go on\nvault: cause: write failed\n/);
});

test('folder remove asks on a terminal, and does nothing on no', async () => {
  const terminal = { isTerminal: true };
  const yes = await run(fakeVault(), 'folder remove docs', { ...terminal, typed: ['y\n'] });
  assert.equal(yes.exit, 0);
  assert.match(yes.fake.err, /vault: remove folder docs\? \[y\/N\] /);
  const no = await run(fakeVault(), 'folder remove docs', { ...terminal, typed: ['\n'] });
  assert.equal(no.exit, 23);
  const silent = await run(fakeVault(), 'folder remove docs --no-input', terminal);
  assert.equal(silent.exit, 23);
  assert.doesNotMatch(silent.fake.err, /y\/N/);
  assert.equal((await run(fakeVault(), 'folder remove docs')).exit, 23);
});

test('up is incomplete where the first snapshot is, and takes none where there are some', async () => {
  const none = { snapshots: () => Promise.resolve({ snapshots: 0, damaged: 0 }) };
  const partly = fakeVault({
    ...none,
    snapshot: () => Promise.resolve({ ...zero, snapshot: 'ab', errors: 2 }),
  });
  const { exit, fake } = await run(partly, 'up --name n', { daemon: fakeDaemon(partly) });
  assert.equal(exit, 3);
  assert.match(fake.err, /warning: 2 sources could not be read whole/);
  assert.deepEqual(partly.calls[0]?.options, { path: '/place/here', orKnown: true, name: 'n' });
  const later = fakeVault();
  assert.equal((await run(later, 'up sub', { daemon: fakeDaemon(later) })).exit, 0);
  assert.deepEqual(
    later.calls.map(({ name }) => name),
    ['folderAdd', 'snapshots'],
  );
});

test('warnings are printed for people and for scripts', async () => {
  const vault = fakeVault({
    async ls(_options, context) {
      context.emit({ type: 'warning', message: 'cannot read', path: 'x\udcff' });
      return Promise.resolve({ entries: 0, damaged: 0 });
    },
  });
  const { fake } = await run(vault, 'ls --json');
  const told = { message: 'cannot read', path: 'x\ufffd', pathBase64: 'eP8=' };
  assert.deepEqual(fake.lines[0], { type: 'warning', ...told });
  assert.match(fake.err, /^vault: warning: cannot read: x/);
});

const opening = {
  home: '/h',
  waitLockMs: 0,
  signal: new AbortController().signal,
  secret: () => Promise.resolve({ kind: 'passphrase', passphrase: 'right' } as const),
};
const zero = {
  folder: null,
  snapshot: null,
  ...new ChangeTally().counts,
  newChunks: 0,
  newBytes: 0,
  storedBytes: 0,
  seconds: 0,
};
