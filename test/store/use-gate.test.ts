import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { deferred } from '../../src/async.ts';
import { UseGate } from '../../src/store/use-gate.ts';

test('nobody is in while one has it alone, and all are served', async () => {
  const calls = fc.array(
    fc.record({ alone: fc.boolean(), turns: fc.nat(3), before: fc.nat(2), fails: fc.boolean() }),
    { maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(calls, async (list) => {
      const gate = new UseGate();
      let users = 0;
      let alone = 0;
      const running: Promise<string>[] = [];
      for (const { alone: isAlone, turns, before, fails } of list) {
        for (let at = 0; at < before; at++) await turn();
        const run = async (): Promise<void> => {
          if (isAlone) alone++;
          else users++;
          for (let at = 0; at <= turns; at++) {
            assert.ok(alone === 0 || (alone === 1 && users === 0));
            await turn();
          }
          if (isAlone) alone--;
          else users--;
          if (fails) throw new Error('of the run');
        };
        const ended = isAlone ? gate.alone(run) : gate.use(run);
        running.push(ended.then(() => 'done', String));
      }
      const expected = list.map(({ fails }) => (fails ? 'Error: of the run' : 'done'));
      assert.deepEqual(await Promise.all(running), expected);
    }),
    { numRuns: 60 },
  );
});

test('whoever asks to have it alone is not kept waiting by those who come later', async () => {
  const gate = new UseGate();
  const first = deferred<void>();
  const order: string[] = [];
  const using = gate.use(() => first.promise);
  const alone = gate.alone(async () => {
    order.push('alone');
  });
  await turn();
  const later = gate.use(async () => {
    order.push('later');
  });
  first.resolve();
  await Promise.all([using, alone, later]);
  assert.deepEqual(order, ['alone', 'later']);
});
