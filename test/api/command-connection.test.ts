import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { deferred } from '../../src/async.ts';
import { decodeFromDaemon, encodeCommand, type DaemonMessage } from '../../src/api/api-message.ts';
import { CommandConnection, type Service } from '../../src/api/command-connection.ts';
import { decodeWelcome, encodeHello, encodeProof, proofOf } from '../../src/api/greeting.ts';
import { MessageLine } from '../../src/api/message-line.ts';
import { systemClock } from '../../src/clock.ts';
import { MAX_API_UNSENT_BYTES } from '../../src/limits.ts';
import { systemRandom } from '../../src/random.ts';
import {
  connectLocal,
  listenLocal,
  userId,
  type LocalLine,
} from '../../src/system/local-socket.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { eventually } from '../helpers/wait.ts';

const keys = { secret: new Uint8Array(32).fill(7), homeId: 'ab'.repeat(16) };
const random = systemRandom();

interface RawCommand {
  readonly line: MessageLine;
  readonly stream: LocalLine;
  readonly heard: DaemonMessage[];
  isOver: boolean;
}

/** A service behind a socket, and the end of a command that greeted as of `version`, and knows `known`. */
async function connected(
  t: TestContext,
  call: Service['call'],
  { version = 1, known = keys } = {},
): Promise<RawCommand> {
  const service: Service = {
    state: () => Promise.resolve({ locked: false, deviceKey: false, place: '1:2' }),
    call,
    versionless: 'stop',
  };
  const path = join(tempDir(t), 'socket');
  const begun: CommandConnection[] = [];
  const parts = { keys, program: 'daemon', service, clock: systemClock, random };
  const listener = await listenLocal(
    path,
    CommandConnection.serve({ ...parts, onClosed: () => undefined }, (one) => void begun.push(one)),
  );
  t.after(() => {
    listener.close();
    for (const one of begun) one.end();
  });
  const opened: { command?: RawCommand } = {};
  const hello = { version, program: 'command', nonce: random.bytes(32) };
  let isKnown = false;
  await connectLocal(path, [userId()], (stream) => {
    const line = new MessageLine(stream, {
      message(message) {
        if (isKnown) command.heard.push(decodeFromDaemon(message));
        else line.send(encodeProof(proofOf(known, 'command', hello, decodeWelcome(message))));
        isKnown = true;
      },
      closed: () => (command.isOver = true),
    });
    const command: RawCommand = { line, stream, heard: [], isOver: false };
    opened.command = command;
    return line.streamEvents;
  });
  const { command } = opened;
  assert.ok(command !== undefined);
  command.line.send(encodeHello(hello));
  await eventually('the greeting', () => isKnown);
  return command;
}

const called = (operation: string): Parameters<typeof encodeCommand>[0] => ({
  kind: 'call',
  operation,
  args: [],
});

test('an operation waits for a command that does not read, and goes on when it does', async (t) => {
  const bytes = 10_000;
  const items = 3000;
  let told = 0;
  const command = await connected(t, async (_operation, _args, { context }) => {
    for (; told < items; told++) {
      context.emit({ type: 'item', item: { type: 'x', text: 'x'.repeat(bytes) } });
      await context.ready?.();
    }
    return null;
  });
  command.stream.pause();
  command.line.send(encodeCommand(called('tell')));
  let before = -1;
  await eventually('the operation to wait', () => {
    const isStill = told > 0 && told === before;
    before = told;
    return isStill && told * bytes > MAX_API_UNSENT_BYTES;
  });
  // What the system buffers on both sides comes on top.
  assert.ok(told * bytes < 4 * MAX_API_UNSENT_BYTES, `${told} items`);
  command.stream.resume();
  await eventually('all of it', () => command.heard.at(-1)?.kind === 'result');
  assert.equal(command.heard.length, items + 1);
});

test('a command that goes away ends its operation', async (t) => {
  let reason: unknown;
  const command = await connected(t, (_operation, _args, { context }) => {
    context.signal.addEventListener('abort', () => (reason = context.signal.reason));
    return deferred<never>().promise;
  });
  command.line.send(encodeCommand(called('wait')));
  command.line.end();
  await eventually('the abort', () => reason !== undefined);
  assert.match(String(reason), /the command went away/);
});

test('a command of another version may have the daemon end, and nothing else', async (t) => {
  const done: string[] = [];
  const call = (operation: string): Promise<null> => {
    done.push(operation);
    return Promise.resolve(null);
  };
  const other = await connected(t, call, { version: 2 });
  other.line.send(encodeCommand(called('stop')));
  await eventually('the answer', () => other.heard.length === 1);
  other.line.send(encodeCommand(called('status')));
  await eventually('the end', () => other.isOver);
  assert.deepEqual(done, ['stop']);
});

test('who proves nothing is cut off before anything is done', async (t) => {
  const done: string[] = [];
  const call = (operation: string): Promise<number> => Promise.resolve(done.push(operation));
  const known = { ...keys, secret: new Uint8Array(32) };
  const liar = await connected(t, call, { known });
  liar.line.send(encodeCommand(called('status')));
  await eventually('the end', () => liar.isOver);
  const command = await connected(t, call);
  command.line.send(encodeCommand(called('stats')));
  await eventually('the answer', () => command.heard.length === 1);
  assert.deepEqual(done, ['stats']);
});
