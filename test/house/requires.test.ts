import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { missingRequirements, skipUnless } from '../helpers/requires.ts';

const absent = { programs: ['no-such-program-anywhere'] };

/** Runs `body` with the variable `CI` set or absent, and puts it back. */
function withCi(value: string | undefined, body: () => void): void {
  const before = process.env['CI'];
  const set = (to: string | undefined): void => {
    if (to === undefined) delete process.env['CI'];
    else process.env['CI'] = to;
  };
  set(value);
  try {
    body();
  } finally {
    set(before);
  }
}

describe('requirements of a test', () => {
  test('a test whose requirements are met runs', () => {
    const reasons: unknown[] = [];
    const t = { skip: (reason?: string) => void reasons.push(reason) };
    for (const ci of [undefined, 'true']) {
      withCi(ci, () => assert.equal(skipUnless(t, { programs: ['node'] }), true));
    }
    assert.deepEqual(reasons, []);
  });

  test('a test whose requirements are not met is skipped with the reason', () => {
    const reasons: unknown[] = [];
    const t = { skip: (reason?: string) => void reasons.push(reason) };
    withCi(undefined, () => assert.equal(skipUnless(t, absent), false));
    assert.deepEqual(reasons, ['needs the program no-such-program-anywhere']);
  });

  test('with CI=true a test whose requirements are not met fails', () => {
    const t = { skip: () => assert.fail('skipped') };
    withCi('true', () => assert.throws(() => skipUnless(t, absent), /no test is skipped/));
  });

  test('each missing thing is named', () => {
    assert.deepEqual(
      missingRequirements({
        ...absent,
        platforms: ['aix'],
        conditions: { 'a loop device': false, 'a terminal': true },
      }),
      ['one of the platforms aix', 'the program no-such-program-anywhere', 'a loop device'],
    );
  });
});
