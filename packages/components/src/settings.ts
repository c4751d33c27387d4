/**
 * Reading settings. A service describes its settings once, as a strict typebox object with camelCase names; each is set
 * by the environment variable `SION_…` (`respPort` is `SION_RESP_PORT`) or by the same key in the JSON file that
 * `SION_CONFIG` names. The environment wins over the file, the file over the default. Whatever is unknown or impossible
 * is refused, all of it at once, with its name and the remedy. It must never guess: a typing error is not a default.
 */
import { readFileSync } from 'node:fs';
import { SionError } from '@sion/wire';
import { type Static, type TObject, type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { describeSetting, settingKind } from './setting-kind.ts';

/** A strict object (`additionalProperties: false`) of integers, numbers, booleans, strings and unions of strings. */
export type SettingsSchema = TObject;

export interface SettingsSources {
  /** Usually `process.env`. Names that do not start with `SION_` are not looked at. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Path of the JSON file; default: what `SION_CONFIG` names, if anything. */
  readonly file?: string;
  /** Schemas of other services whose settings may stand in the same environment and file; they are not read here. */
  readonly others?: readonly SettingsSchema[];
}

/** A row of the settings' documentation. */
export interface SettingRow {
  readonly name: string;
  /** For people, e.g. `a whole number from 0 to 65535`. */
  readonly type: string;
  /** As one would write it in the environment; undefined = none. */
  readonly default: string | undefined;
  readonly required: boolean;
  readonly description: string;
}

/** Names the JSON file; not a setting itself. */
export const configFileName = 'SION_CONFIG';

/** The environment variable of a setting: `settingName('respPort')` is `SION_RESP_PORT`. */
export function settingName(property: string): string {
  return `SION_${property.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Reads, checks and completes the settings; rejects all that is wrong in one `SionError('invalid')`. */
export function readSettings<Schema extends SettingsSchema>(schema: Schema, sources: SettingsSources): Static<Schema> {
  assertStrict(schema);
  const problems: string[] = [];
  const given = gather(sources, problems);
  const known = new Map(Object.keys(schema.properties).map((property) => [settingName(property), property]));
  refuseUnknown(given, known, sources.others ?? [], problems);
  const settings: Record<string, unknown> = {};
  for (const [name, property] of known) {
    const value = readOne(name, schema, property, given.get(name), problems);
    if (value !== undefined) settings[property] = value;
  }
  if (problems.length === 0) {
    if (Value.Check(schema, settings)) return settings;
    throw new SionError('internal', 'A settings schema refuses its own defaults.');
  }
  const count = problems.length === 1 ? 'A setting is wrong' : `${problems.length} settings are wrong`;
  throw new SionError('invalid', `${count}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
}

/** The rows of docs/settings.md for a schema, in its order. */
export function documentSettings(schema: SettingsSchema): readonly SettingRow[] {
  assertStrict(schema);
  return Object.entries(schema.properties).map(([property, setting]) => {
    const fallback = option(setting, 'default');
    return {
      name: settingName(property),
      type: describeSetting(setting),
      default: fallback === undefined ? undefined : asText(fallback),
      required: isRequired(schema, property) && fallback === undefined,
      description: asText(option(setting, 'description') ?? ''),
    };
  });
}

/**
 * One strict schema with the settings of both. A setting that both have must be the same in both. Fold it over more:
 * `unionSettings(unionSettings(proxy, node), emulator)`.
 */
export function unionSettings<A extends SettingsSchema, B extends SettingsSchema>(a: A, b: B) {
  assertStrict(a);
  assertStrict(b);
  for (const [property, setting] of Object.entries(b.properties)) {
    const other = a.properties[property];
    if (other !== undefined && JSON.stringify(other) !== JSON.stringify(setting)) {
      throw new Error(`Two services describe the setting ${settingName(property)} differently.`);
    }
  }
  const properties: A['properties'] & B['properties'] = { ...a.properties, ...b.properties };
  return Type.Object(properties, { additionalProperties: false });
}

/**
 * The variables that give a service of this schema these settings; settings that it does not know are left out. To be
 * laid over an environment from which {@link withoutSettings} removed the rest.
 */
export function settingsEnvironment(
  schema: SettingsSchema,
  settings: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const property of Object.keys(schema.properties)) {
    const value = settings[property];
    if (value !== undefined) environment[settingName(property)] = asText(value);
  }
  return environment;
}

/** The environment without any `SION_…`. */
export function withoutSettings(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('SION_')));
}

interface Given {
  readonly value: unknown;
  /** `the environment`, or the file's path. */
  readonly origin: string;
}

function gather(sources: SettingsSources, problems: string[]): Map<string, Given> {
  const { environment } = sources;
  const path = sources.file ?? environment[configFileName];
  const given = new Map<string, Given>();
  if (path !== undefined) {
    for (const [name, value] of Object.entries(readFile(path, problems))) given.set(name, { value, origin: path });
  }
  for (const [name, value] of Object.entries(environment)) {
    if (name.startsWith('SION_') && name !== configFileName && value !== undefined) {
      given.set(name, { value, origin: 'the environment' });
    }
  }
  return given;
}

function readFile(path: string, problems: string[]): object {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content;
    problems.push(`${path} must hold one JSON object, e.g. {"SION_RESP_PORT": 6380}.`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push(`The settings file ${path} (${configFileName}) cannot be read: ${reason}. Mend it or leave it out.`);
  }
  return {};
}

function refuseUnknown(
  given: ReadonlyMap<string, Given>,
  known: ReadonlyMap<string, string>,
  others: readonly SettingsSchema[],
  problems: string[],
): void {
  const elsewhere = new Set(others.flatMap((schema) => Object.keys(schema.properties)).map(settingName));
  for (const [name, { origin }] of given) {
    if (known.has(name) || elsewhere.has(name)) continue;
    const nearest = nearestName(name, [...known.keys(), configFileName]);
    const remedy =
      nearest === undefined ? 'Remove it; docs/settings.md lists what there is.' : `Did you mean ${nearest}?`;
    problems.push(`${name} (from ${origin}) is not a setting. ${remedy}`);
  }
}

function readOne(
  name: string,
  schema: SettingsSchema,
  property: string,
  given: Given | undefined,
  problems: string[],
): unknown {
  const setting = schema.properties[property];
  if (setting === undefined) return undefined;
  const fallback = option(setting, 'default');
  if (given === undefined) {
    if (fallback === undefined && isRequired(schema, property)) {
      problems.push(`${name} is missing: set it to ${describeSetting(setting)}.`);
    }
    return fallback;
  }
  const value = typeof given.value === 'string' ? settingKind(setting).parse(given.value) : given.value;
  if (value !== undefined && Value.Check(setting, value)) return value;
  const leave = fallback === undefined ? '' : `, or leave it out for the default ${JSON.stringify(fallback)}`;
  problems.push(
    `${name} is ${JSON.stringify(given.value)} (from ${given.origin}), but must be ${describeSetting(setting)}. ` +
      `Set it to such a value${leave}.`,
  );
  return undefined;
}

/** The known name with the fewest differing letters, unless a third of the name or more would have to change. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(name, candidate);
    if (best === undefined || distance < best.distance) best = { name: candidate, distance };
  }
  const ownLength = name.length - 'SION_'.length;
  return best !== undefined && best.distance * 3 <= Math.max(ownLength, 6) ? best.name : undefined;
}

/** Levenshtein's distance, row by row. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replace = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replace, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** A value as one writes it in the environment. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isRequired(schema: SettingsSchema, property: string): boolean {
  const required: readonly string[] = schema.required ?? [];
  return required.includes(property);
}

function option(schema: TSchema, name: string): unknown {
  return Object.getOwnPropertyDescriptor(schema, name)?.value;
}

function assertStrict(schema: SettingsSchema): void {
  if (option(schema, 'additionalProperties') !== false) {
    throw new Error('A settings schema must be strict: Type.Object({…}, { additionalProperties: false }).');
  }
}
