/** What a service manager reads to keep the daemon of a home running: where it lies, and what is in it. */

import { join } from 'node:path';
import { absoluteVariable, defaultHome } from './environment.ts';
import type { CliContext } from './context.ts';
import { usageError } from './usage-error.ts';

/** What is run: this Node, this program, for this home. All absolute. */
export interface Served {
  readonly node: string;
  readonly program: string;
  readonly home: string;
}

export interface ServiceFile {
  readonly manager: 'systemd' | 'launchd' | 'task scheduler';
  /** What the service manager calls it. */
  readonly name: string;
  readonly path: string;
  readonly content: Uint8Array;
  /** What has the service manager take it, and let it go, as typed in a shell of the system. */
  readonly take: string;
  readonly letGo: string;
}

/** The file for a home. Throws `VAULT_USAGE` for paths that cannot stand in one. */
export function serviceFile(
  context: Pick<CliContext, 'env' | 'platform' | 'homeDirectory' | 'node' | 'program'>,
  home: string,
): ServiceFile {
  const { node, program, env, homeDirectory, platform } = context;
  const served = { node, program, home };
  for (const path of Object.values(served)) demandPlain(path, /\p{Cc}/u);
  const name = serviceName(home, defaultHome(context));
  if (platform === 'darwin') {
    const path = join(homeDirectory, 'Library', 'LaunchAgents', `${name}.plist`);
    const take = `launchctl bootstrap gui/$(id -u) '${path.replaceAll("'", String.raw`'\''`)}'`;
    const letGo = `launchctl bootout gui/$(id -u)/${name}`;
    const content = Buffer.from(launchAgent(name, served));
    return { manager: 'launchd', name, path, content, take, letGo };
  }
  if (platform === 'win32') {
    const local = absoluteVariable(env, 'LOCALAPPDATA') ?? join(homeDirectory, 'AppData', 'Local');
    const path = join(local, 'vault-service', `${name}.xml`);
    const take = `schtasks /Create /TN ${name} /XML "${path}" /F`;
    const letGo = `schtasks /Delete /TN ${name} /F`;
    // As the task scheduler itself writes them.
    const content = Buffer.from(`\ufeff${scheduledTask(served)}`, 'utf16le');
    return { manager: 'task scheduler', name, path, content, take, letGo };
  }
  // systemd takes no program whose path has one of these, however it is written.
  demandPlain(node, /["'\\]/);
  const config = absoluteVariable(env, 'XDG_CONFIG_HOME') ?? join(homeDirectory, '.config');
  const path = join(config, 'systemd', 'user', `${name}.service`);
  const take = `systemctl --user daemon-reload && systemctl --user enable --now ${name}`;
  const letGo = `systemctl --user disable --now ${name}`;
  return {
    manager: 'systemd',
    name,
    path,
    content: Buffer.from(systemdUnit(served)),
    take,
    letGo,
  };
}

/** `vault` for the home where it is unless somebody says otherwise; for every other home a name of its own. */
export function serviceName(home: string, usual: string): string {
  if (home === usual) return 'vault';
  const bytes = [...Buffer.from(home, 'utf8')].map((byte) => {
    const symbol = String.fromCharCode(byte);
    if (/[A-Za-z0-9.]/.test(symbol)) return symbol;
    return symbol === '/' ? '-' : `_${byte.toString(16).padStart(2, '0')}`;
  });
  return `vault-${bytes.join('').replace(/^-/, '')}`;
}

const words = (home: string): string[] => ['daemon', '--home', home, '--log', '--no-input'];

/** A unit for the user's own systemd (systemd.service(5)). Ended in order, by `vault stop` too, it is not started again. */
export function systemdUnit({ node, program, home }: Served): string {
  // The program itself is not searched for variables.
  const command = [systemdWord(node)];
  for (const word of [program, ...words(home)]) {
    command.push(systemdWord(word).replaceAll('$', '$$$$'));
  }
  return `[Unit]
Description=vault daemon

[Service]
Type=notify
NotifyAccess=all
ExecStart=${command.join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=30
TimeoutStopSec=90

[Install]
WantedBy=default.target
`;
}

function systemdWord(word: string): string {
  const escaped = word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%');
  return /^[\w@:,./+=-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

/** An agent of the user for launchd (launchd.plist(5)). */
export function launchAgent(name: string, { node, program, home }: Served): string {
  const strings = [node, program, ...words(home)].map(
    (word) => `    <string>${xmlText(word)}</string>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${xmlText(name)}</string>
  <key>ProgramArguments</key>
  <array>
${strings.join('\n')}
  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>30</integer>
</dict>
</plist>
`;
}

/** A task that begins when the user logs on (Task Scheduler schema 1.2). */
export function scheduledTask({ node, program, home }: Served): string {
  const line = [program, ...words(home)].map(windowsWord).join(' ');
  return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>vault daemon</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
    </LogonTrigger>
  </Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>255</Count>
    </RestartOnFailure>
  </Settings>
  <Actions>
    <Exec>
      <Command>${xmlText(node)}</Command>
      <Arguments>${xmlText(line)}</Arguments>
    </Exec>
  </Actions>
</Task>
`;
}

/** As programs of Windows take their command line apart. */
function windowsWord(word: string): string {
  if (/^[^\s"]+$/.test(word)) return word;
  const escaped = word.replaceAll(/(\\*)"/g, String.raw`$1$1\"`).replace(/(\\+)$/, '$1$1');
  return `"${escaped}"`;
}

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function demandPlain(path: string, forbidden: RegExp): void {
  if (!forbidden.test(path) && path.isWellFormed()) return;
  const subject = `${JSON.stringify(path)} cannot stand in the file of a service`;
  throw usageError(subject, 'it needs a path with plain characters, in UTF-8');
}
