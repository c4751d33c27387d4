import { describe, expect, it } from 'vitest';
import { serveRespInTest } from '../../../../../tests/doubles/resp-front.ts';
import type { Objects, ReadOutcome } from '../../objects/objects.ts';

const largeBytes = 5 * 1024 * 1024;
const large = Buffer.alloc(largeBytes, 'abcdefghij');
const reply = `$${largeBytes}\r\n${large.toString('latin1')}\r\n`;

async function overwrite(objects: Objects, bytes: Uint8Array): Promise<void> {
  await objects.mutate('k', { needs: 'nothing', decide: () => ({ kind: 'write', bytes, result: undefined }) });
}

/** Objects whose `k` is overwritten while it is read, after `pieces` of it. */
function overwrittenWhileRead(objects: Objects, pieces: number): Objects {
  const read: Objects['read'] = async (key, options): Promise<ReadOutcome> => {
    const outcome = await objects.read(key, options);
    if (outcome.kind !== 'hit') return outcome;
    const { body } = outcome;
    async function* interrupted() {
      let given = 0;
      for await (const piece of body) {
        if (given === pieces) await overwrite(objects, Buffer.from('other'));
        given += 1;
        yield piece;
      }
    }
    return { ...outcome, body: { ...body, [Symbol.asyncIterator]: interrupted } };
  };
  return { ...objects, read };
}

describe('GETDEL and GETEX of a large value', () => {
  it('stream it', async () => {
    const { objects, dial } = await serveRespInTest();
    const client = await dial();
    await overwrite(objects, large);
    expect((await client.call('GETEX', 'k', 'EX', '100')) === reply).toBe(true);
    expect(await client.call('TTL', 'k')).toBe(':100\r\n');
    expect((await client.call('GETEX', 'k', 'PERSIST')) === reply).toBe(true);
    expect(await client.call('TTL', 'k')).toBe(':-1\r\n');
    client.send('GETDEL k\r\nEXISTS k\r\nSET k v\r\n');
    expect((await client.reply()) === reply).toBe(true);
    expect(await client.reply()).toBe(':0\r\n');
    expect(await client.reply()).toBe('+OK\r\n');
  });

  it.each(['GETDEL k', 'GETEX k EX 100'])('%s of a value that is replaced meanwhile is cut', async (command) => {
    const { objects } = await serveRespInTest();
    await overwrite(objects, large);
    const { dial } = await serveRespInTest({ objects: overwrittenWhileRead(objects, 3) });
    const client = await dial();
    client.send(`${command}\r\nPING\r\n`);
    const text = await client.rest();
    expect(reply.startsWith(text)).toBe(true);
    expect(text.length).toBeLessThan(reply.length);
    const info = await objects.info('k');
    expect(info).toMatchObject({ sizeBytes: 5 });
    expect(info?.expiresAtMs).toBeUndefined();
  });

  it('an impossible time of a large value is an error, and cuts nothing', async () => {
    const { objects, dial } = await serveRespInTest();
    const client = await dial();
    await overwrite(objects, large);
    expect(await client.call('GETEX', 'k', 'EX', '0')).toBe("-ERR invalid expire time in 'getex' command\r\n");
    expect(await client.call('GETEX', 'k', 'PX', 'x')).toBe('-ERR value is not an integer or out of range\r\n');
    expect(await client.call('STRLEN', 'k')).toBe(`:${largeBytes}\r\n`);
  });

  it('change it also for a client that wants no replies', async () => {
    const { objects, dial } = await serveRespInTest();
    const client = await dial();
    await overwrite(objects, large);
    client.send('CLIENT REPLY OFF\r\nGETEX k EX 100\r\nGETEX k EX 0\r\nCLIENT REPLY ON\r\nTTL k\r\n');
    expect(await client.reply()).toBe('+OK\r\n');
    expect(await client.reply()).toBe(':100\r\n');
    client.send('CLIENT REPLY SKIP\r\nGETDEL k\r\nEXISTS k\r\n');
    expect(await client.reply()).toBe(':0\r\n');
  });

  it('GETSET of one is refused as SET with GET is', async () => {
    const { objects, dial } = await serveRespInTest();
    const client = await dial();
    await overwrite(objects, large);
    expect(await client.call('GETSET', 'k', 'v')).toBe(
      `-CAPACITY the old value has ${largeBytes} bytes, GETSET gives back at most 4194304; use GET, then SET\r\n`,
    );
    expect(await client.call('GETSET', 'k', Buffer.alloc(5000))).toContain('-CAPACITY');
    expect(await client.call('STRLEN', 'k')).toBe(`:${largeBytes}\r\n`);
    expect(objects.stagedCount()).toBe(0);
  });
});

describe('GETRANGE', () => {
  it('reads only its range', async () => {
    const { objects } = await serveRespInTest();
    await overwrite(objects, large);
    const ranges: unknown[] = [];
    const read: Objects['read'] = (key, options) => {
      ranges.push(options?.range);
      return objects.read(key, options);
    };
    const { dial } = await serveRespInTest({ objects: { ...objects, read } });
    const client = await dial();
    expect(await client.call('GETRANGE', 'k', '1000000', '1000004')).toBe('$5\r\nabcde\r\n');
    expect(await client.call('GETRANGE', 'k', '-5', '-1')).toBe(
      '$5\r\nghijk'.replace('ghijk', large.toString('latin1', largeBytes - 5)) + '\r\n',
    );
    expect(await client.call('GETRANGE', 'k', '-10', '-6')).toBe(
      `$5\r\n${large.toString('latin1', largeBytes - 10, largeBytes - 5)}\r\n`,
    );
    const whole = await client.call('GETRANGE', 'k', '0', '-1');
    expect(whole === reply).toBe(true);
    expect(ranges).toEqual([
      { start: 1_000_000, end: 1_000_005 },
      { suffix: 5 },
      { start: largeBytes - 10, end: largeBytes - 5 },
      { start: 0 },
    ]);
  });

  it('is of one length, also when that changes between two looks', async () => {
    const { objects } = await serveRespInTest();
    await overwrite(objects, Buffer.from('hello world'));
    let changes = 1;
    const info: Objects['info'] = async (key) => {
      const found = await objects.info(key);
      if (changes > 0) await overwrite(objects, Buffer.from('hi'));
      changes -= 1;
      return found;
    };
    const { dial } = await serveRespInTest({ objects: { ...objects, info } });
    const client = await dial();
    expect(await client.call('GETRANGE', 'k', '-100', '-2')).toBe('$1\r\nh\r\n');
  });
});
