/**
 * Targets as they are typed, each perhaps with a name before it (`fast=redis://…`):
 *
 * - `sion`, `sion-http`, `sion-client`: the SION of the settings, or another: `sion://host:6380?http=6381&admin=6384`
 * - `redis://…`, `rediss://…`: Redis, Valkey, ElastiCache
 * - `s3://bucket/prefix?endpoint=http://host:port&region=R&parallel=8&part=8MiB`: S3 and what speaks it
 * - `directory:/folder`: the directory store by itself
 */
import type { TargetSpec } from '@sion/bench';
import { parseBytes } from '@sion/workload';

export interface SionPlace {
  readonly host: string;
  readonly respPort: number;
  readonly httpPort: number;
  readonly adminUrl: string;
}

/** Throws `RangeError` with what was expected. */
export function parseTarget(text: string, sion: SionPlace): TargetSpec {
  const [, name, place = ''] = /^(?:([\w.-]+)=)?(.+)$/s.exec(text) ?? [];
  const [, kind = '', rest] = /^([a-z0-9-]+)(?::\/\/(.*))?$/s.exec(place) ?? [];
  switch (kind) {
    case 'sion':
    case 'sion-http':
    case 'sion-client':
      return { name: name ?? kind, kind, ...sionUrls(rest, sion) };
    case 'redis':
    case 'rediss': {
      const url = rest === undefined ? `${kind}://127.0.0.1:6379` : place;
      if (!URL.canParse(url)) throw new RangeError(`${url} is no address like redis://127.0.0.1:6379`);
      return { name: name ?? 'redis', kind: 'redis', url };
    }
    case 's3':
      return parseS3(name ?? kind, place);
    default:
      if (place.startsWith('directory:')) {
        return { name: name ?? 'directory', kind: 'directory', folder: place.slice('directory:'.length) };
      }
      throw new RangeError(
        `${text} is no target: sion, sion-http, sion-client (each perhaps with ://host:port), redis://…, s3://bucket, directory:/folder`,
      );
  }
}

function parseS3(name: string, text: string): TargetSpec {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') throw new RangeError(`${text} is no place like s3://bucket/prefix`);
  const unknown = [...url.searchParams.keys()].find((key) => !['endpoint', 'region', 'parallel', 'part'].includes(key));
  if (unknown !== undefined) throw new RangeError(`${unknown} is none of endpoint, region, parallel, part`);
  const endpoint = url.searchParams.get('endpoint');
  const parallel = Number(url.searchParams.get('parallel') ?? 1);
  if (!(Number.isInteger(parallel) && parallel >= 1))
    throw new RangeError('parallel must be a whole number of at least 1');
  return {
    ...{
      name,
      kind: 's3',
      bucket: url.hostname,
      prefix: decodeURIComponent(url.pathname.replace(/^\/|\/$/g, '')),
      parallel,
    },
    ...(endpoint === null ? {} : { endpoint }),
    region: url.searchParams.get('region') ?? 'us-east-1',
    partBytes: Math.max(1, parseBytes(url.searchParams.get('part') ?? '8MiB')),
  };
}

function sionUrls(rest: string | undefined, sion: SionPlace): { readonly url: string; readonly adminUrl: string } {
  if (rest === undefined)
    return { url: `sion://${sion.host}:${sion.respPort}?http=${sion.httpPort}`, adminUrl: sion.adminUrl };
  const text = `sion://${rest}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '')
    throw new RangeError(`${text} is no address like sion://host:6380?http=6381`);
  if (url.port === '') url.port = '6380';
  const admin = url.searchParams.get('admin') ?? '6384';
  url.searchParams.delete('admin');
  return { url: url.href, adminUrl: `http://${url.hostname}:${admin}` };
}
