/** The files of the project as text, and what they import: for tests about the project itself. */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { projectPath } from '../helpers/project.ts';

/** Paths below the project's root, with `/`, of all files below `folder` that end with `suffix`. */
export function filesBelow(folder: string, suffix: string): string[] {
  return readdirSync(projectPath(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(projectPath().length + 1))
    .map((path) => path.replaceAll('\\', '/'))
    .sort();
}

/** Paths of all files that are part of the project: tracked, or new and not ignored. */
export function projectFiles(): string[] {
  const list = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
    cwd: projectPath(),
    encoding: 'utf8',
  });
  return list.split('\0').filter((path) => path !== '');
}

/** Text of a file of the project. */
export function textOf(path: string): string {
  return readFileSync(projectPath(path), 'utf8');
}

const specifiers = [
  /\b(?:import|export)\b[^;'"]*?\bfrom\s*['"]([^'"]+)['"]/g,
  /\bimport\s*['"]([^'"]+)['"]/g,
  /\b(?:import|require|resolve)\(\s*['"]([^'"]+)['"]/g,
];

/**
 * What a module refers to: import specifiers, and texts that name a file inside one of `packages`
 * (`'fastcdc-wasm/…'`). Comments are left out.
 */
export function importsOf(path: string, packages: readonly string[] = []): string[] {
  const code = textOf(path)
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '');
  const found = specifiers.flatMap((pattern) => [...code.matchAll(pattern)].map((hit) => hit[1]));
  const texts = [...code.matchAll(/['"`]([^'"`\n]+)['"`]/g)].map((hit) => hit[1] ?? '');
  found.push(...texts.filter((text) => packages.some((name) => text.startsWith(`${name}/`))));
  return found.filter((specifier) => specifier !== undefined);
}

/** The package a bare import specifier belongs to; undefined for relative ones and built-ins. */
export function packageOf(specifier: string): string | undefined {
  if (/^(\.|\/|node:|file:)/.test(specifier)) return undefined;
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
}

/** The cells of the first table of a document whose header row begins with `firstHeader`, by row. */
export function tableOf(path: string, firstHeader: string): string[][] {
  const rows = textOf(path)
    .split('\n')
    .map((line) => (line.startsWith('|') ? line.split('|').slice(1, -1) : undefined))
    .map((cells) => cells?.map((cell) => cell.trim()));
  const start = rows.findIndex((cells) => cells?.[0] === firstHeader);
  if (start < 0) throw new Error(`${path} has no table that begins with "${firstHeader}"`);
  const out: string[][] = [];
  for (const cells of rows.slice(start + 2)) {
    if (cells === undefined) break;
    out.push(cells);
  }
  return out;
}
