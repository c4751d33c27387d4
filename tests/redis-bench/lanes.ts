/** The connections of a row to one server: each asks, waits for all it has asked for, and asks again. */
import { Redis } from 'ioredis';
import { encodeCommand } from '../doubles/resp-client.ts';
import { RawConnection } from './raw-connection.ts';
import type { Row } from './rows.ts';
import type { KeyValue } from './values.ts';

/** Asks once, for as many values as the row's pipeline has; `turn` says which. */
export type Ask = (turn: number) => Promise<void>;

export interface Lane {
  readonly ask: Ask;
  close(): void;
}

export async function openLanes(port: number, row: Row, values: readonly KeyValue[]): Promise<readonly Lane[]> {
  const open = row.client === 'raw' ? openRaw : openIoredis;
  return await Promise.all(Array.from({ length: row.connections }, () => open(port, row, values)));
}

async function openRaw(port: number, row: Row, values: readonly KeyValue[]): Promise<Lane> {
  const connection = await RawConnection.open(port);
  const asked = values.map(({ key, value }) => requestOf(row, key, value));
  return {
    ask: (turn) => {
      if (row.pipeline === 1) {
        const request = asked[turn % asked.length];
        return connection.ask(request?.parts ?? [], request?.replyBytes ?? 0);
      }
      const batch = Array.from(
        { length: row.pipeline },
        (_, step) => asked[(turn * row.pipeline + step) % asked.length],
      );
      return connection.ask(
        [Buffer.concat(batch.flatMap((request) => request?.parts ?? []))],
        batch.reduce((sum, request) => sum + (request?.replyBytes ?? 0), 0),
      );
    },
    close: () => connection.close(),
  };
}

interface Request {
  readonly parts: readonly Buffer[];
  readonly replyBytes: number;
}

function requestOf({ operation }: Row, key: string, value: Buffer): Request {
  const length = `$${value.length}\r\n`;
  if (operation === 'GET') {
    return { parts: [encodeCommand(['GET', key])], replyBytes: length.length + value.length + 2 };
  }
  const head = `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n${length}`;
  return { parts: [Buffer.from(head, 'latin1'), value, Buffer.from('\r\n')], replyBytes: '+OK\r\n'.length };
}

async function openIoredis(port: number, { operation }: Row, values: readonly KeyValue[]): Promise<Lane> {
  const redis = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: 0, lazyConnect: true });
  await redis.connect();
  return {
    ask: async (turn) => {
      const pair = values[turn % values.length];
      if (pair === undefined) return;
      if (operation === 'SET') return void (await redis.set(pair.key, pair.value));
      const got = await redis.getBuffer(pair.key);
      if (got?.length !== pair.value.length) throw new Error(`${pair.key}: ${got?.length ?? 'no'} bytes`);
    },
    close: () => redis.disconnect(),
  };
}
