/** Operations in memory: each call is noted, typical items are emitted. */

import type { VaultApi } from '../../src/operations/api.ts';
import type { ChangeBackResult } from '../../src/operations/change-options.ts';
import type { OperationContext } from '../../src/operations/operation.ts';
import type { OpenOptions, Secret } from '../../src/operations/home-options.ts';
import type { VaultModule } from '../../src/cli/context.ts';
import { VaultError } from '../../src/errors.ts';

export interface Call {
  readonly name: string;
  readonly options: unknown;
}

export interface FakeVault extends Pick<
  VaultModule,
  'hasHome' | 'deviceKeyOf' | 'initHome' | 'openVault' | 'examine'
> {
  readonly calls: Call[];
  readonly secrets: (Secret | undefined)[];
  readonly opened: OpenOptions[];
  closed: number;
}

const id = 'ab'.repeat(32);
const time = '2026-01-31T10:20:30.123Z';
const member = { folder: id, name: 'docs', node: id, nodeName: 'desk', changed: true };
const folder = { folder: id, name: 'docs', path: '/place/here/docs' };
const counts = {
  files: 12,
  dirs: 3,
  bytes: 5_000_000,
  added: 2,
  changed: 1,
  removed: 0,
  unchanged: 9,
  newChunks: 4,
  newBytes: 70_000,
  storedBytes: 30_000,
  errors: 0,
  seconds: 0.42,
};

/** A home that opens with the passphrase `right` or, where `deviceKey`, by itself. `over` replaces operations. */
export function fakeVault(over: Partial<VaultApi> = {}, deviceKey = false): FakeVault {
  const calls: Call[] = [];
  const note = (name: string, options: unknown): void => void calls.push({ name, options });
  const reply = <T>(name: string, options: unknown, result: T): Promise<T> => {
    note(name, options);
    return Promise.resolve(result);
  };
  const api: VaultApi = {
    async status(options, context) {
      note('status', options);
      context.emit({
        type: 'item',
        item: {
          type: 'folder',
          ...folder,
          pending: 3,
          conflicts: 1,
          behind: 0,
          paused: false,
          problems: ['cannot read a directory'],
        },
      });
      return Promise.resolve({ open: true, folders: 1, pending: 3, conflicts: 1 });
    },
    async snapshot(options, context) {
      note('snapshot', options);
      context.emit({ type: 'progress', phase: 'snapshot', files: 1, bytes: 2048 });
      const type = options.dryRun ? 'would-record' : 'change';
      if (options.dryRun || options.listChanges) {
        for (const item of [
          { path: 'new', kind: 'directory', change: 'added' },
          { path: 'new/b', kind: 'file', change: 'moved', from: 'bad\udcff' },
          { path: 'old', kind: 'file', change: 'removed' },
        ]) {
          context.emit({ type: 'item', item: { type, folder: id, ...item } });
        }
      }
      const result = { folder: id, snapshot: options.dryRun ? null : id, ...counts };
      context.emit({ type: 'item', item: { type: 'result', name: 'docs', ...result } });
      return Promise.resolve(result);
    },
    async snapshots(options, context) {
      note('snapshots', options);
      const item = { snapshot: id, folder: id, time, node: 'laptop', message: 'first' };
      context.emit({
        type: 'item',
        item: { type: 'snapshot', ...item, tags: ['a', 'b'], pinned: true },
      });
      return Promise.resolve({ snapshots: 1, damaged: 0 });
    },
    async ls(options, context) {
      note('ls', options);
      const file = { size: 10, modified: time, executable: true, version: 'cd12' };
      for (const item of [
        { type: 'entry', path: 'a', kind: 'directory', size: null, modified: null, version: null },
        { type: 'entry', path: 'b.txt', kind: 'file', ...file },
        { type: 'entry', path: 'bad\udcff\n', kind: 'file', ...file },
        { type: 'entry', path: 'l', kind: 'symlink', target: 'b.txt', modified: time },
      ]) {
        context.emit({ type: 'item', item });
      }
      return Promise.resolve({ damaged: 0, entries: 4 });
    },
    async log(options, context) {
      note('log', options);
      const facts = { kind: 'file', time, node: 'laptop', parents: [], available: true, nodes: [] };
      for (const item of [
        { version: 'cd12'.repeat(16), path: 'b.txt', size: 10, current: true, from: ['old\u001b'] },
        { version: 'ab34'.repeat(16), path: 'old\u001b', size: null, current: false },
      ]) {
        context.emit({ type: 'item', item: { type: 'version', ...facts, ...item } });
      }
      return Promise.resolve({ versions: 2, damaged: 0 });
    },
    async show(options, context) {
      note('show', options);
      const item = { snapshot: id, folder: id, name: 'docs', time, node: 'laptop', message: 'hi' };
      context.emit({ type: 'item', item: { type: 'snapshot', ...item, tags: [], pinned: false } });
      return Promise.resolve({ versions: 0, damaged: 0 });
    },
    async find(options, context) {
      note('find', options);
      const gone = { deleted: true, deletedAt: time, time, version: 'cd12'.repeat(16) };
      for (const item of [
        { type: 'entry', path: 'a', kind: 'directory' },
        { type: 'entry', path: 'b', kind: 'file', ...gone, movedTo: 'c' },
      ]) {
        context.emit({ type: 'item', item });
      }
      return Promise.resolve({ entries: 2, deleted: 1, damaged: 0 });
    },
    async stats(options, context) {
      note('stats', options);
      const { files, dirs, bytes, storedBytes, seconds } = counts;
      const sums = {
        files,
        dirs,
        bytes,
        storedBytes,
        versions: 20,
        entries: 4,
        snapshots: 2,
        contents: 12,
        plainBytes: 6_000_000,
        chunks: 40,
        chunksBytes: 2,
        metaBytes: 3,
        tables: 5,
      };
      context.emit({ type: 'item', item: { type: 'result', ...folder, ...sums } });
      const home = { home: '/place/home', homeBytes: 9e6, reserveBytes: 8e6, reserveWhole: true };
      return Promise.resolve({ folders: 1, ...sums, ...home, damaged: 0, seconds });
    },
    async cat(options, write) {
      note('cat', options);
      await write(Buffer.from([0, 1, 2, 255]));
      return { bytes: 4 };
    },
    async diff(options, context) {
      note('diff', options);
      const patch = '--- a/b.txt\n+++ b/b.txt\n@@ -1,1 +1,1 @@\n-\told\n+\tnew\n';
      for (const item of [
        { type: 'difference', change: 'added', path: 'd', kind: 'directory', version: null },
        {
          type: 'difference',
          change: 'changed',
          path: 'b.txt',
          kind: 'file',
          patch,
          binary: false,
        },
        { type: 'difference', change: 'renamed', path: 'y', from: 'x', kind: 'file' },
        { type: 'difference', change: 'mode', path: 'run', kind: 'file', executable: true },
        { type: 'difference', change: 'kind', path: 'l', kind: 'symlink', kindBefore: 'file' },
      ]) {
        context.emit({ type: 'item', item });
      }
      const differing = { added: 1, changed: 1, removed: 0, renamed: 1, mode: 1, kind: 1 };
      return Promise.resolve({ folder: id, ...differing, damaged: 0 });
    },
    async restore(options, context) {
      note('restore', options);
      if (options.dryRun) {
        context.emit({ type: 'item', item: { type: 'would-restore', path: 'b.txt' } });
      }
      const { files, dirs, bytes, errors, seconds } = counts;
      return Promise.resolve({
        folder: id,
        files,
        dirs,
        bytes,
        skipped: 1,
        errors,
        seconds,
        damaged: 0,
      });
    },
    async revert(options, context) {
      note('revert', options);
      return Promise.resolve(changedBack(context));
    },
    async undo(options, context) {
      note('undo', options);
      return Promise.resolve({ ...changedBack(context), time });
    },
    async conflicts(options, context) {
      note('conflicts', options);
      const facts = { kind: 'file', time, size: 10, available: true };
      const [shown, other] = ['cd'.repeat(32), 'ef'.repeat(32)];
      const copy = 'a (conflict 2026-01-31 desk efefef).txt';
      context.emit({
        type: 'item',
        item: {
          type: 'conflict',
          path: 'a.txt',
          versions: [shown, other],
          shown,
          copies: [copy],
          rivals: [
            { version: shown, path: 'a.txt', node: 'laptop', ...facts },
            { version: other, path: copy, node: 'desk', ...facts },
          ],
        },
      });
      return Promise.resolve({ folder: id, conflicts: 1, damaged: 0 });
    },
    async resolve(options, context) {
      note('resolve', options);
      const item = { type: 'change', change: 'removed', path: 'a (conflict).txt', kind: 'file' };
      context.emit({ type: 'item', item });
      const { path } = options;
      const counted = { recorded: 0, changed: 0, removed: 1, skipped: 0, errors: 0, seconds: 1 };
      const kept = ['cd'.repeat(32)];
      return Promise.resolve({ folder: id, path, kept, paths: [path], ...counted });
    },
    async verify(options, context) {
      note('verify', options);
      const sums = { chunks: 9, bytes: 100, versions: 3, damaged: 0, mended: 0, complete: true };
      context.emit({ type: 'item', item: { type: 'result', folder: id, name: 'docs', ...sums } });
      return Promise.resolve({ folders: 1, ...sums, seconds: 1 });
    },
    folderAdd: (options) => reply('folderAdd', options, { ...folder, known: false }),
    async folderList(context) {
      note('folderList', {});
      context.emit({ type: 'item', item: { type: 'folder', ...folder } });
      return Promise.resolve({ folders: 1 });
    },
    async folderShow(options, context) {
      note('folderShow', options);
      context.emit({
        type: 'item',
        item: { type: 'folder', ...folder, problems: [], created: time, excludes: ['*.o'] },
      });
      const setting = { key: 'exclude', value: '*.tmp', origin: 'set' };
      context.emit({ type: 'item', item: { type: 'setting', ...setting } });
      return Promise.resolve(folder);
    },
    folderSet: (options) => reply('folderSet', options, folder),
    async folderMove(options) {
      note('folderMove', options);
      return Promise.resolve({ ...folder, how: 'renamed' as const });
    },
    async folderLock(options) {
      note('folderLock', options);
      const { files, dirs, bytes, seconds } = counts;
      const left = { recorded: 1, kept: 0, errors: 0 };
      const lockedAt = '/place/here/docs';
      return Promise.resolve({
        ...folder,
        path: null,
        lockedAt,
        files,
        dirs,
        bytes,
        ...left,
        seconds,
      });
    },
    async folderUnlock(options) {
      note('folderUnlock', options);
      const { files, dirs, bytes, seconds } = counts;
      const left = { skipped: 0, errors: 0, damaged: 0 };
      return Promise.resolve({ ...folder, locked: false, files, dirs, bytes, ...left, seconds });
    },
    invite: (options) =>
      reply('invite', options, {
        folder: id,
        name: 'docs',
        id,
        invite: 'vault1line',
        role: options.role ?? 'write',
        expires: time,
        addresses: options.addresses ?? ['box:7420'],
      }),
    async inviteList(options, context) {
      note('inviteList', options);
      const facts = { folder: id, name: 'docs', role: 'read', created: time, expires: time };
      const addresses = ['box:7420'];
      const item = { type: 'invite', id, ...facts, state: 'open', addresses };
      context.emit({ type: 'item', item });
      context.emit({ type: 'item', item: { ...item, name: null, state: 'used' } });
      return Promise.resolve({ invites: 2 });
    },
    inviteRevoke: (options) => reply('inviteRevoke', options, { id, state: 'revoked' as const }),
    join: (options) =>
      reply('join', options, { ...folder, role: 'write', issuer: id, known: false }),
    async sync(options, context) {
      note('sync', options);
      const sums = { added: 2, changed: 0, removed: 1, behind: 1, errors: 0, complete: false };
      const item = { type: 'result', folder: id, name: 'docs', peers: 2, ...sums };
      context.emit({ type: 'item', item });
      return Promise.resolve({ folders: 1, peers: 2, ...sums, seconds: 1.5 });
    },
    async peerList(context) {
      note('peerList', undefined);
      const facts = { folders: [id], trouble: null, denied: false, deniedIn: [] };
      for (const item of [
        { node: id, name: 'desk', connected: true, addresses: ['192.0.2.2:7420'], lastSeen: time },
        { node: 'cd'.repeat(32), name: null, connected: false, addresses: [], lastSeen: null },
      ]) {
        context.emit({ type: 'item', item: { type: 'peer', ...facts, ...item } });
      }
      return Promise.resolve({ peers: 2, connected: 1, addresses: ['box:7420'] });
    },
    peerAdd: (options) =>
      reply('peerAdd', options, { address: options.address, node: null, changed: true }),
    peerRemove: (options) =>
      reply('peerRemove', options, { address: options.address, node: null, changed: true }),
    deny: (options) =>
      reply('deny', options, { node: id, name: 'desk', folder: null, changed: true }),
    allow: (options) =>
      reply('allow', options, { node: id, name: null, folder: id, changed: false }),
    async memberList(options, context) {
      note('memberList', options);
      const facts = { folder: id, since: time, changed: time, by: id, denied: false };
      const here = { node: id, name: 'desk', self: true, role: 'manage', lastSeen: null };
      const gone = { node: 'cd'.repeat(32), name: null, self: false, role: null, lastSeen: time };
      for (const one of [here, gone]) {
        const item = { type: 'member', ...facts, byName: 'desk', entries: 3, ...one };
        context.emit({ type: 'item', item });
      }
      return Promise.resolve({ members: 1, former: 1 });
    },
    async memberRemove(options, context) {
      note('memberRemove', options);
      const answer = options.dryRun || options.yes || (await context.confirm(question));
      if (answer === true) return { ...member, role: null };
      throw new VaultError('VAULT_REFUSED', 'not confirmed');
    },
    memberRole: (options) => reply('memberRole', options, { ...member, role: options.role }),
    async folderRemove(options, context) {
      note('folderRemove', options);
      const answer = options.dryRun || options.yes || (await context.confirm(question));
      if (answer === true) return folder;
      throw new VaultError('VAULT_REFUSED', 'not confirmed');
    },
    async keyList(context) {
      note('keyList', {});
      const item = { slot: '1', kind: 'passphrase', label: '', created: time };
      context.emit({ type: 'item', item: { type: 'slot', ...item } });
      return Promise.resolve({ slots: 1 });
    },
    keyAdd: (options) => reply('keyAdd', options, { slot: '2' }),
    keyRemove: (options) => reply('keyRemove', options, options),
    keyChangePassphrase: (options) => reply('keyChangePassphrase', options, { slot: '3' }),
    keyRecoveryCode: async () => Promise.resolve({ slot: '4', recoveryCode: 'NEW0-CODE' }),
    configGet: (key) => reply('configGet', key, { key, value: '8', origin: 'default' }),
    configSet: (key, value) => reply('configSet', { key, value }, { key, value }),
    async configList(context) {
      const item = { key: 'reserve', value: '8M', origin: 'default' };
      context.emit({ type: 'item', item: { type: 'setting', ...item } });
      return Promise.resolve({ settings: 1 });
    },
    close: async () => {
      fake.closed++;
      return Promise.resolve();
    },
    ...over,
  };
  const fake: FakeVault = {
    calls,
    secrets: [],
    opened: [],
    closed: 0,
    hasHome: () => true,
    deviceKeyOf: (home) => (deviceKey ? `${home}/device-key` : null),
    async initHome(options) {
      note('initHome', options);
      const { deviceKey: key } = options;
      return Promise.resolve({
        node: id,
        name: options.name ?? 'host',
        home: options.home,
        recoveryCode: 'CODE-ONCE',
        deviceKey: key === true ? `${options.home}/device-key` : key || null,
      });
    },
    async examine(options, context) {
      note('examine', options);
      const remedy = 'find other disks';
      for (const item of [
        { name: 'node', status: 'ok', message: 'new enough', remedy: null, path: null },
        { name: 'case', status: 'warning', message: 'one file', remedy, path: '/place/bad\udcff' },
      ]) {
        context.emit({ type: 'item', item: { type: 'check', ...item } });
      }
      return Promise.resolve({ ok: 1, warnings: 1, problems: 0 });
    },
    async openVault(options) {
      fake.opened.push(options);
      const secret = await options.secret({ deviceKey });
      fake.secrets.push(secret);
      const isRight =
        secret === undefined
          ? deviceKey
          : secret.kind === 'passphrase'
            ? secret.passphrase === 'right'
            : secret.kind === 'recovery-code';
      if (!isRight) throw new VaultError('VAULT_KEY_WRONG', 'wrong passphrase');
      return api;
    },
  };
  return fake;
}

const question = { kind: 'confirm', text: 'remove folder docs?' } as const;

function changedBack(context: OperationContext): ChangeBackResult {
  for (const item of [
    { type: 'change', change: 'added', path: 'd', kind: 'directory' },
    { type: 'change', change: 'changed', path: 'b.txt', kind: 'file' },
    { type: 'change', change: 'removed', path: 'l', kind: 'symlink' },
  ]) {
    context.emit({ type: 'item', item });
  }
  const nothing = { skipped: 0, damaged: 0, errors: 0 };
  const changed = { recorded: 2, added: 1, changed: 1, removed: 1 };
  return { folder: id, before: 'abcdef0123456789', ...changed, ...nothing, seconds: 0.5 };
}
