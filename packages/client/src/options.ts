/**
 * What a client is told: from options, from a URL `sion://user:password@host:6380?http=6381`, or nothing for a SION on this
 * machine. Read and judged once; an unknown name or an impossible value is refused with the remedy.
 */
import type { ConnectionOptions } from 'node:tls';
import { SionError } from './errors.ts';

/**
 * When a write is acknowledged. `store`: the store has confirmed it. `journal`: it is fsynced in the proxy's journal, and
 * the store follows. `memory`: functions hold it, it is never stored, and it may vanish.
 */
export type Durability = 'store' | 'journal' | 'memory';

/** What a client is told. Each has a default; all together are those of a SION on this machine. */
export interface ClientOptions {
  /** `127.0.0.1` */
  readonly host?: string | undefined;
  /** Port of the Redis interface: 6380. */
  readonly port?: number | undefined;
  /** Port of HTTP: 6381. */
  readonly httpPort?: number | undefined;
  /** Where HTTP is, when it is another host. */
  readonly httpHost?: string | undefined;
  /** TLS on both: `true`, or what Node's `tls.connect` and `https.request` take (`ca`, `cert`, `key`, `servername` …). */
  readonly tls?: boolean | ConnectionOptions | undefined;
  /** Sent as `HELLO … AUTH` and as HTTP's Basic authorization. `default`, when there is a password only. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Name of the connections, in `CLIENT LIST` of the server. */
  readonly name?: string | undefined;
  /** How writes are acknowledged unless a call says otherwise: as the proxy does. */
  readonly durability?: Durability | undefined;
  /** Milliseconds for one call with all its retries; 0 = no bound: 30000. Streams have `stallMs` instead. */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds that a transfer may stand still: 60000. */
  readonly stallMs?: number | undefined;
  /** Milliseconds for making a connection: 10000. */
  readonly connectMs?: number | undefined;
  /** Attempts after the first, where trying again does no harm: 4. */
  readonly retries?: number | undefined;
  /** Shortest and longest wait between attempts, in milliseconds: 50 and 2000. */
  readonly minRetryMs?: number | undefined;
  readonly maxRetryMs?: number | undefined;
  /** Values above this size go over HTTP: 1 MiB. */
  readonly largeBytes?: number | undefined;
  /** Connections to HTTP, hence transfers at a time; more of them wait: 64. */
  readonly httpConnections?: number | undefined;
}

/** Options with every default filled in. */
export interface ClientSettings {
  readonly host: string;
  readonly port: number;
  readonly httpHost: string;
  readonly httpPort: number;
  /** Undefined = no TLS. */
  readonly tls: ConnectionOptions | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly name: string | undefined;
  /** Undefined = the proxy's own. */
  readonly durability: Durability | undefined;
  readonly timeoutMs: number;
  readonly stallMs: number;
  readonly connectMs: number;
  readonly retries: number;
  readonly minRetryMs: number;
  readonly maxRetryMs: number;
  readonly largeBytes: number;
  readonly httpConnections: number;
}

const numbers = {
  port: { default: 6380, min: 1, max: 65_535 },
  httpPort: { default: 6381, min: 1, max: 65_535 },
  timeoutMs: { default: 30_000, min: 0, max: 2 ** 31 - 1 },
  stallMs: { default: 60_000, min: 1, max: 2 ** 31 - 1 },
  connectMs: { default: 10_000, min: 1, max: 2 ** 31 - 1 },
  retries: { default: 4, min: 0, max: 100 },
  minRetryMs: { default: 50, min: 0, max: 60_000 },
  maxRetryMs: { default: 2_000, min: 0, max: 600_000 },
  largeBytes: { default: 1 << 20, min: 0, max: 512 << 20 },
  httpConnections: { default: 64, min: 1, max: 10_000 },
} as const;

const texts = ['host', 'httpHost', 'username', 'password', 'name'] as const;
/** Every option there is. */
export const optionNames: readonly string[] = [...Object.keys(numbers), ...texts, 'tls', 'durability'];
const known: ReadonlySet<string> = new Set([...optionNames, 'codec']);
const durabilities: readonly string[] = ['store', 'journal', 'memory'] satisfies readonly Durability[];

/** Judges what the user gave; throws `invalid` with the name, the value and the remedy. */
export function readSettings(options: ClientOptions): ClientSettings {
  for (const [name, value] of Object.entries(options)) {
    if (!known.has(name)) refuse(`The option ${name} is unknown. Known are ${optionNames.join(', ')}.`);
    if (texts.some((text) => text === name) && value !== undefined && (typeof value !== 'string' || value === '')) {
      refuse(`The option ${name} is to be a text that is not empty.`);
    }
  }
  const { tls, durability, username, password } = options;
  if (durability !== undefined && !durabilities.includes(durability)) {
    refuse(`durability: ${JSON.stringify(durability)} is none of ${durabilities.join(', ')}.`);
  }
  if (username !== undefined && password === undefined) refuse('A username needs a password. Give both, or none.');
  const host = options.host ?? '127.0.0.1';
  const settings = {
    ...{ host, httpHost: options.httpHost ?? host, name: options.name, durability, password },
    username: username ?? (password === undefined ? undefined : 'default'),
    tls: tls === undefined || tls === false ? undefined : tls === true ? {} : tls,
    ...readNumbers(options),
  };
  if (settings.minRetryMs > settings.maxRetryMs)
    refuse('minRetryMs is above maxRetryMs. Lower the one or raise the other.');
  return settings;
}

/** Options that a URL says. Its parameters are the names of options, and `http` for the port of HTTP. */
export function readUrl(text: string): ClientOptions {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'sion:' && url.protocol !== 'sions:') || url.hostname === '') {
    return refuse(
      `${JSON.stringify(withoutPassword(text))} is no address. Write sion://host:6380?http=6381, or sions:// for TLS.`,
    );
  }
  if (url.pathname !== '' && url.pathname !== '/') {
    refuse(`The address has a path, ${url.pathname}. There is one database only: leave it out.`);
  }
  const options: Record<string, string | number | boolean> = { host: url.hostname.replace(/^\[(.*)\]$/, '$1') };
  if (url.port !== '') options['port'] = Number(url.port);
  if (url.username !== '') options['username'] = decodeURIComponent(url.username);
  if (url.password !== '') options['password'] = decodeURIComponent(url.password);
  if (url.protocol === 'sions:') options['tls'] = true;
  for (const [parameter, value] of url.searchParams) {
    const name = parameter === 'http' ? 'httpPort' : parameter;
    if (!(name in numbers) && !['name', 'durability', 'httpHost'].includes(name)) {
      refuse(
        `The address has an unknown parameter, ${parameter}. Known are http, httpHost, name, durability and numbers.`,
      );
    }
    options[name] = name in numbers ? Number(value === '' ? Number.NaN : value) : value;
  }
  return options;
}

function readNumbers(options: ClientOptions): Record<keyof typeof numbers, number> {
  const given: Readonly<Record<string, unknown>> = { ...options };
  const read = (name: keyof typeof numbers): number => {
    const { default: fallback, min, max } = numbers[name];
    const value = given[name] ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    return refuse(`${name}: ${JSON.stringify(value)} is no whole number from ${min} to ${max}.`);
  };
  return {
    ...{ port: read('port'), httpPort: read('httpPort'), timeoutMs: read('timeoutMs'), stallMs: read('stallMs') },
    ...{ connectMs: read('connectMs'), retries: read('retries'), minRetryMs: read('minRetryMs') },
    ...{ maxRetryMs: read('maxRetryMs'), largeBytes: read('largeBytes'), httpConnections: read('httpConnections') },
  };
}

/** An address in a message never shows a password. */
function withoutPassword(text: string): string {
  return text.replace(/:[^:@/]*@/, ':…@');
}

function refuse(message: string): never {
  throw new SionError('invalid', message);
}
