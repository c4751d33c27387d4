import { describe, expect, it } from 'vitest';
import { callRaw } from '../../../../../tests/doubles/http-client.ts';
import { objectsReading, serveHttp } from '../../../../../tests/doubles/http-front.ts';
import { maxWaitingRequests } from './connection-turns.ts';

const get = 'GET /v1/objects/a HTTP/1.1\r\nHost: x\r\n\r\n';
const last = 'GET /v1/objects/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

function statuses(text: string): readonly string[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1] ?? '');
}

describe('requests that a client sends without waiting', () => {
  it('are served one after the other', async () => {
    let open = 0;
    let most = 0;
    const { objects } = objectsReading(async function* () {
      await new Promise(setImmediate);
      yield Buffer.from('0123456789');
      open -= 1;
    }, 10);
    const read: typeof objects.read = (key, options) => {
      open += 1;
      most = Math.max(most, open);
      return objects.read(key, options);
    };
    const { port } = await serveHttp({ objects: { ...objects, read } });
    const text = await callRaw(port, get.repeat(20) + last);
    expect(statuses(text)).toEqual(Array.from({ length: 21 }, () => '200'));
    expect(most).toBe(1);
  });

  it('are not served, but cut, when they are very many', async () => {
    let reads = 0;
    const { objects } = objectsReading(async function* () {
      reads += 1;
      yield Buffer.alloc(5);
      await new Promise(() => {});
    }, 10);
    const { port } = await serveHttp({ objects });
    await callRaw(port, get.repeat(maxWaitingRequests + 2)).catch(() => {});
    expect(reads).toBe(1);
  });
});
