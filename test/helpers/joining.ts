/** Whole nodes in memory that invite and join each other through real doors on this machine's loopback. */

import type { TestContext } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { FolderSet } from '../../src/home/folder-set.ts';
import { Home } from '../../src/home/home.ts';
import type { OpenFolder } from '../../src/home/open-folder.ts';
import { MAX_FRAME_BYTES } from '../../src/limits.ts';
import { Door } from '../../src/net/door.ts';
import { Gate } from '../../src/net/gate.ts';
import { LOW_WATER_BYTES } from '../../src/net/transport.ts';
import { addFolder } from '../../src/operations/add-folder.ts';
import { makeInvite } from '../../src/operations/invites.ts';
import { JoinDesk, type Admission } from '../../src/operations/join-desk.ts';
import { join } from '../../src/operations/join.ts';
import type {
  InviteOptions,
  JoinOptions,
  JoinResult,
} from '../../src/operations/member-options.ts';
import type { Session } from '../../src/operations/session.ts';
import { webNetwork } from '../../src/system/web-network.ts';
import { initHome } from '../../src/vault.ts';
import { seededRandom } from './seeded.ts';
import { memoryEnvironment, type MemoryEnvironment } from './test-environment.ts';
import { operationContext, type TestContextOf } from './test-home.ts';

const HOME = '/home';

export class JoiningNode {
  readonly name: string;
  environment: MemoryEnvironment;
  session!: Session;
  desk!: JoinDesk;
  door!: Door;
  /** Where it takes connections; undefined before {@link listen}. */
  address: string | undefined;
  readonly admissions: Admission[] = [];
  readonly failures: unknown[] = [];

  private constructor(name: string) {
    this.name = name;
    this.environment = memoryEnvironment({ seed: name });
  }

  static async make(name: string): Promise<JoiningNode> {
    const node = new JoiningNode(name);
    for (const directory of ['/disk', '/other']) node.fs.makeDirectories(directory);
    await initHome({ home: HOME, name, deviceKey: true }, node.environment);
    await node.open();
    return node;
  }

  /** A node that made the folder `photos` and takes connections. */
  static async issuer(t: TestContext, name = 'issuer'): Promise<JoiningNode> {
    const node = await JoiningNode.make(name);
    await addFolder(node.session, { path: '/disk', name: 'photos' });
    await node.listen(t);
    return node;
  }

  get fs(): MemoryEnvironment['fileSystem'] {
    return this.environment.fileSystem;
  }

  async open(): Promise<void> {
    const { environment } = this;
    const lock = { waitMs: 0, signal: new AbortController().signal };
    const home = await Home.open(environment, HOME, () => Promise.resolve(undefined), lock);
    this.session = { environment, home, folders: new FolderSet(environment, home) };
    this.desk = new JoinDesk({
      session: this.session,
      onAdmitted: (admission) => this.admissions.push(admission),
      onFailed: (error) => this.failures.push(error),
    });
    const random = seededRandom(`${this.name} ${performance.now()}`);
    this.door = new Door({
      network: webNetwork({
        maxMessageBytes: MAX_FRAME_BYTES + 17,
        lowWaterBytes: LOW_WATER_BYTES,
        patienceMs: 5000,
      }),
      clock: systemClock,
      party: { sodium: home.sodium, random, own: home.identity },
      run: random.bytes(16),
      keeper: new Gate(
        systemClock,
        {
          isWelcome: () => false,
          openInvite: (id, peer) => this.desk.openInvite(id, peer),
        },
        {
          heard: new Map(),
          sent: new Map(),
          floorUs: () => 0,
          saveHeard: () => Promise.resolve(),
          saveSent: () => Promise.resolve(),
        },
      ),
      failed: (error) => this.failures.push(error),
    });
  }

  /** Its one folder, opened. */
  folder(): Promise<OpenFolder> {
    const [listed] = this.session.folders.list().folders;
    if (listed === undefined) throw new Error('expected a folder');
    return this.session.folders.open(listed);
  }

  /** Takes connections until the test is over. */
  async listen(t: Pick<TestContext, 'after'>): Promise<void> {
    const listener = await this.door.listen('127.0.0.1:0', (connection) =>
      this.desk.begin(connection),
    );
    this.address = listener.address;
    t.after(() => listener.close());
  }

  /** The machine as a power cut leaves it, opened again. */
  async crash(chance: string): Promise<void> {
    const cut = this.environment.crash(seededRandom(chance));
    await this.session.folders.close().catch(() => undefined);
    await this.session.home.close().catch(() => undefined);
    this.environment = cut;
    await this.open();
  }

  async invite(
    options: Partial<InviteOptions> = {},
    context: TestContextOf = operationContext(),
  ): Promise<string> {
    const made = await makeInvite(
      this.session,
      { folder: 'photos', addresses: [this.address ?? '127.0.0.1:1'], ...options },
      () => Promise.resolve([]),
      context,
    );
    return made.invite;
  }

  join(invite: string, options: Partial<JoinOptions> = {}): Promise<JoinResult> {
    return join(
      this.session,
      { invite, cwd: '/disk', ...options },
      (address, callee, begin) => this.door.dial(address, callee, begin),
      operationContext(),
    );
  }
}
