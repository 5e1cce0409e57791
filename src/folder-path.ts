/** Paths in a folder: names with `/` between them; `''` is the folder's root. */

/** `directory/name`. */
export function join(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

/** The directory that holds a path; the root holds itself. */
export function directoryOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** What a path is called in the directory that holds it. */
export function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
