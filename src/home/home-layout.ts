/** Where everything lies in a home. Paths are absolute. */

export interface HomeLayout {
  readonly root: string;
  /** Format, features and id; kept twice, in the clear. What makes a directory a home. */
  readonly marker: string;
  /** Key slots; kept twice. */
  readonly keys: string;
  /** The node's keys and name; kept twice, sealed. */
  readonly identity: string;
  /** Settings of this node; kept twice, sealed. */
  readonly settings: string;
  /** Addresses of others, and who is locked out; kept twice, sealed. */
  readonly peers: string;
  /** Handshakes that were accepted; kept twice, sealed. */
  readonly gate: string;
  /** Invites that this node gave out; kept twice, sealed. */
  readonly invites: string;
  /** The database that is the home's lock. */
  readonly lock: string;
  readonly reserve: string;
  readonly deviceKey: string;
  /** Where the daemon that has the home open is reached. */
  readonly daemon: string;
  /** What daemons wrote of their doings. */
  readonly logs: string;
  readonly folders: string;
}

export function homeLayout(root: string): HomeLayout {
  return {
    root,
    marker: `${root}/home`,
    keys: `${root}/keys`,
    identity: `${root}/identity`,
    settings: `${root}/settings`,
    peers: `${root}/peers`,
    gate: `${root}/gate`,
    invites: `${root}/invites`,
    lock: `${root}/lock`,
    reserve: `${root}/reserve`,
    deviceKey: `${root}/device-key`,
    daemon: `${root}/daemon`,
    logs: `${root}/logs`,
    folders: `${root}/folders`,
  };
}

export interface FolderLayout {
  readonly root: string;
  /** Secrets, name and settings of the folder; kept twice, sealed. */
  readonly state: string;
  readonly chunks: string;
  readonly meta: string;
  /** Tells a copy of the folder from the original. */
  readonly sentinel: string;
  /** Counts entries of this node's log outside of the databases. */
  readonly appended: string;
}

export function folderLayout(root: string): FolderLayout {
  return {
    root,
    state: `${root}/folder`,
    chunks: `${root}/chunks`,
    meta: `${root}/meta`,
    sentinel: `${root}/sentinel`,
    appended: `${root}/appended`,
  };
}
