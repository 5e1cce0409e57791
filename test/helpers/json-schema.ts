/** Checks a value against the schemas of docs/json: the keywords of JSON Schema 2020-12 that they use. */

import { AssertionError } from 'node:assert';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { projectPath } from './project.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Fails unless `line` is a line that docs/json allows for the command: `snapshot`, `folder add`. */
export function assertMatchesSchema(command: string, line: unknown): void {
  const file = `${command.replaceAll(' ', '-')}.schema.json`;
  const problems = schemaProblems(readSchema(file), line, file, '$');
  if (problems.length === 0) return;
  throw new AssertionError({
    message: `not a line of vault ${command} --json: ${problems.join('; ')}\n${JSON.stringify(line)}`,
  });
}

/** A schema of docs/json. */
export function readSchema(file: string): Schema {
  return JSON.parse(readFileSync(projectPath('docs', 'json', file), 'utf8')) as Schema;
}

/** Every way in which `value`, found at `at`, breaks `schema` of `file`. Throws for a keyword it does not know. */
function schemaProblems(schema: Schema, value: unknown, file: string, at: string): string[] {
  return Object.entries(schema).flatMap(([keyword, rule]) => {
    const check = checks[keyword];
    if (!check) throw new Error(`${file} uses the keyword ${keyword}, which is not checked`);
    return check(rule, value, file, at, schema);
  });
}

type Check = (rule: unknown, value: unknown, file: string, at: string, schema: Schema) => string[];

const nothing: Check = () => [];
const unless = (holds: boolean, problem: string): string[] => (holds ? [] : [problem]);

const checks: Readonly<Record<string, Check>> = {
  $schema: nothing,
  $id: nothing,
  $defs: nothing,
  title: nothing,
  description: nothing,
  additionalProperties: (rule) => {
    if (rule !== true) throw new Error('fields may be added: additionalProperties must be true');
    return [];
  },
  $ref(rule, value, file, at) {
    const [name = '', pointer = ''] = String(rule).split('#/$defs/');
    const target = name === '' ? file : name;
    const found = (readSchema(target)['$defs'] as Readonly<Record<string, Schema>>)[pointer];
    if (!found) throw new Error(`${file} refers to ${String(rule)}, which is not there`);
    return schemaProblems(found, value, target, at);
  },
  anyOf(rule, value, file, at) {
    const tries = (rule as Schema[]).map((one) => schemaProblems(one, value, file, at));
    if (tries.some((problems) => problems.length === 0)) return [];
    const near = tries.find((problems) => !problems.some((one) => one.startsWith(`${at}.type `)));
    return near ?? [`${at}: of no known type`];
  },
  allOf: (rule, value, file, at) =>
    (rule as Schema[]).flatMap((one) => schemaProblems(one, value, file, at)),
  type(rule, value, _file, at) {
    const names = Array.isArray(rule) ? rule : [rule];
    return unless(
      names.includes(typeName(value)) || (names.includes('number') && typeof value === 'number'),
      `${at} is ${typeName(value)}, not ${names.join(' or ')}`,
    );
  },
  const: (rule, value, _file, at) =>
    unless(isDeepStrictEqual(rule, value), `${at} is not ${JSON.stringify(rule)}`),
  enum: (rule, value, _file, at) =>
    unless((rule as unknown[]).includes(value), `${at} is none of ${JSON.stringify(rule)}`),
  required: (rule, value, _file, at) =>
    (rule as string[]).flatMap((key) =>
      unless(!isRecord(value) || Object.hasOwn(value, key), `${at}.${key} is missing`),
    ),
  properties: (rule, value, file, at) =>
    Object.entries(rule as Readonly<Record<string, Schema>>).flatMap(([key, schema]) =>
      isRecord(value) && Object.hasOwn(value, key)
        ? schemaProblems(schema, value[key], file, `${at}.${key}`)
        : [],
    ),
  items: (rule, value, file, at) =>
    Array.isArray(value)
      ? value.flatMap((one, index) => schemaProblems(rule as Schema, one, file, `${at}[${index}]`))
      : [],
  minimum: (rule, value, _file, at) =>
    unless(typeof value !== 'number' || value >= Number(rule), `${at} is below ${String(rule)}`),
  pattern: (rule, value, _file, at) =>
    unless(
      typeof value !== 'string' || new RegExp(String(rule), 'u').test(value),
      `${at} does not match ${String(rule)}`,
    ),
  format(rule, value, _file, at) {
    if (rule !== 'date-time') throw new Error(`the format ${String(rule)} is not checked`);
    const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
    return unless(typeof value !== 'string' || isTime.test(value), `${at} is no UTC time`);
  },
};

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
