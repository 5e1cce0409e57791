#!/usr/bin/env node
// Writes the man pages of the commands as they are built: man-pages.mjs BUILT-SOURCE INTO

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [built, into] = process.argv.slice(2);
if (into === undefined) throw new Error('usage: man-pages.mjs BUILT-SOURCE INTO');
const load = (file) => import(pathToFileURL(resolve(built, 'cli', file)).href);
const [{ manPages }, { commands }] = await Promise.all([load('man-page.js'), load('commands.js')]);
rmSync(into, { recursive: true, force: true });
mkdirSync(into, { recursive: true });
for (const [name, text] of manPages(commands)) writeFileSync(join(into, name), text);
