/**
 * SION through `@sion/client`: over HTTP alone, streamed, or as the library does by itself, small values over RESP and large ones
 * over HTTP. The library's retries are off.
 */
import type { SionClient } from '@sion/client';
import { type Lane, type PutBody, type ReadRange, type Target, wholeBody } from '../target.ts';

export interface ClientTargetOptions {
  /** `sion://host:6380?http=6381`. */
  readonly url: string;
  /** `http`: everything that HTTP can; deletes go over RESP, as the library sends them. */
  readonly way: 'http' | 'by-size';
  readonly lanes: number;
  readonly timeoutMs: number;
}

export async function createClientTarget(options: ClientTargetOptions): Promise<Target> {
  // Not before it is asked for: only where sources are built in (`@sion/source`) can the client be run unbuilt.
  const { createClient } = await import('@sion/client');
  const { lanes, timeoutMs, way } = options;
  const url = new URL(options.url);
  const given = { retries: 0, timeoutMs, stallMs: timeoutMs, httpConnections: lanes };
  for (const [name, value] of Object.entries(given)) url.searchParams.set(name, String(value));
  const client = createClient(url.href);
  const protocol = way === 'http' ? 'HTTP, @sion/client, streamed' : 'RESP or HTTP by size, @sion/client';
  return {
    async describe() {
      const info = String(await client.command('INFO', ['server'], { reads: true }));
      const [, version] = /sion_version:(\S+)/.exec(info) ?? [];
      return { protocol, ...(version === undefined ? {} : { sion_version: version }) };
    },
    openLane: async () => (way === 'http' ? streamedLane(client) : sizedLane(client)),
    close: () => client.close(),
  };
}

/** Both kinds of lanes share the client's connections. */
function anyLane(client: SionClient): Pick<Lane, 'head' | 'delete' | 'close'> {
  return {
    head: async (key) => (await client.head(key))?.sizeBytes,
    async delete(key) {
      await client.del(key);
    },
    close: async () => {},
  };
}

function streamedLane(client: SionClient): Lane {
  return {
    ...anyLane(client),
    async put(key, body) {
      const source = body.bytes ?? piecesOf(body);
      await client.setStream(key, source, { sizeBytes: body.payload.sizeBytes });
    },
    async get(key, range, take) {
      const stream = await client.getStream(key, range === undefined ? {} : inclusive(range));
      if (stream === null) return false;
      for await (const piece of stream) take(piece);
      return true;
    },
  };
}

function sizedLane(client: SionClient): Lane {
  return {
    ...anyLane(client),
    async put(key, body) {
      await client.set(key, wholeBody(body));
    },
    async get(key, range, take) {
      const value = await (range === undefined ? client.get(key) : client.getRange(key, range.start, range.end - 1));
      if (value === null) return false;
      take(value);
      return true;
    },
  };
}

async function* piecesOf({ payload }: PutBody): AsyncGenerator<Uint8Array> {
  yield* payload.pieces();
}

function inclusive({ start, end }: ReadRange): { readonly start: number; readonly end: number } {
  return { start, end: end - 1 };
}
