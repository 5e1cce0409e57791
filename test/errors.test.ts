import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorCodes, isVaultError, systemCode, VaultError } from '../src/errors.ts';

test('an error carries its code, cause, hint and details', () => {
  const cause = new Error('cause');
  const error = new VaultError('VAULT_DAMAGED', 'damaged', {
    cause,
    hint: 'run repair',
    details: { chunk: 'ab' },
  });
  assert.ok(error instanceof Error);
  assert.deepEqual(
    [error.name, error.code, error.message, error.cause, error.hint, error.details],
    ['VaultError', 'VAULT_DAMAGED', 'damaged', cause, 'run repair', { chunk: 'ab' }],
  );
  const bare = new VaultError('VAULT_FAILED', 'failed');
  assert.deepEqual([bare.hint, bare.details, 'cause' in bare], [undefined, undefined, false]);
});

test('codes are unique and recognised one by one', () => {
  assert.equal(new Set(errorCodes).size, errorCodes.length);
  for (const code of errorCodes) {
    assert.match(code, /^VAULT_[A-Z_]+$/);
    const error = new VaultError(code, 'message');
    assert.ok(isVaultError(error) && isVaultError(error, code));
    const other = code === 'VAULT_FAILED' ? 'VAULT_USAGE' : 'VAULT_FAILED';
    assert.equal(isVaultError(error, other), false);
  }
  for (const no of [new Error('VAULT_FAILED'), { code: 'VAULT_FAILED' }, null, undefined, 'text']) {
    assert.equal(isVaultError(no), false);
  }
});

test("the system's code is found in an error or below it", () => {
  const system = Object.assign(new Error('full'), { code: 'ENOSPC' });
  assert.equal(systemCode(system), 'ENOSPC');
  const wrapped = new VaultError('VAULT_IO', 'io', { cause: new Error('x', { cause: system }) });
  assert.equal(systemCode(wrapped), 'ENOSPC');
  assert.equal(
    systemCode(Object.assign(new Error('x', { cause: system }), { code: 'EIO' })),
    'EIO',
  );
});

test('what is no system error has no system code', () => {
  const coded = (code: unknown): Error => Object.assign(new Error('x'), { code });
  for (const no of [
    coded('ERR_INVALID_ARG_TYPE'),
    coded('VAULT_IO'),
    coded(5),
    coded(''),
    { code: 'EIO' },
    'EIO',
    null,
    undefined,
  ]) {
    assert.equal(systemCode(no), undefined);
  }
  const circular = new Error('x');
  circular.cause = circular;
  assert.equal(systemCode(circular), undefined);
});
