/** What a daemon writes of its doings. No names of files, no secrets: a log lies in the open. */

export interface DaemonLog {
  /** Lower case, no full stop. */
  write(text: string): void;
}
