import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Connection, ConnectionHandlers, Listener } from '../network.ts';
import { openNetwork } from './network.ts';
import { canOwnBuffers } from './own-buffer-socket.ts';

const network = openNetwork();
const listeners: Listener[] = [];
const connections: Connection[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  for (const listener of listeners.splice(0)) await listener.close();
});

async function listen(accept: (connection: Connection) => void): Promise<Listener> {
  const listener = await network.listen('127.0.0.1', 0, (connection) => {
    connections.push(connection);
    accept(connection);
  });
  listeners.push(listener);
  return listener;
}

async function dial(listener: Listener): Promise<Connection> {
  const connection = await network.dial(listener.host, listener.port, 10_000);
  connections.push(connection);
  return connection;
}

/** A connected pair, neither end attached yet. */
async function pair(): Promise<{ near: Connection; far: Connection }> {
  const accepted = Promise.withResolvers<Connection>();
  const near = await dial(await listen(accepted.resolve));
  return { near, far: await accepted.promise };
}

/** Attaches and collects what arrives; `until` waits for so many bytes, `closed` for the end. */
function collect(connection: Connection, handlers: Partial<ConnectionHandlers> = {}) {
  const pieces: Buffer[] = [];
  let received = 0;
  const closed = Promise.withResolvers<Error | undefined>();
  const waiting = new Map<number, () => void>();
  connection.attach({
    onData(bytes) {
      pieces.push(Buffer.from(bytes));
      received += bytes.byteLength;
      for (const [count, resolve] of waiting) if (received >= count) resolve();
      handlers.onData?.(bytes);
    },
    onDrain: () => handlers.onDrain?.(),
    onClose(error) {
      closed.resolve(error);
      handlers.onClose?.(error);
    },
  });
  const until = (count: number) =>
    new Promise<Buffer>((resolve) => {
      const settle = () => resolve(Buffer.concat(pieces));
      if (received >= count) settle();
      else waiting.set(count, settle);
    });
  return { until, closed: closed.promise, all: () => Buffer.concat(pieces) };
}

function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 1) bytes[i] = (i * 31 + seed * 7 + (i >>> 8)) & 0xff;
  return bytes;
}

test('bytes cross in both directions, in order, whatever the parts', async () => {
  const { near, far } = await pair();
  const [nearSide, farSide] = [collect(near), collect(far)];
  const parts = [pattern(1, 1), new Uint8Array(0), pattern(300_000, 2), pattern(70_000, 3)];
  near.write(parts);
  near.write([]);
  far.write([pattern(500_000, 4)]);
  expect((await farSide.until(370_001)).equals(Buffer.concat(parts))).toBe(true);
  expect((await nearSide.until(500_000)).equals(pattern(500_000, 4))).toBe(true);
});

test('both ends know each other’s addresses, also after the close', async () => {
  const { near, far } = await pair();
  expect(near.remote).toBe(far.local);
  expect(near.local).toBe(far.remote);
  const [nearSide, before] = [collect(near), near.remote];
  collect(far);
  far.end();
  expect(await nearSide.closed).toBeUndefined();
  expect(near.remote).toBe(before);
});

test.each(['dialled', 'accepted'])(
  'a paused reader stops the writer, which drains later (%s end writes)',
  async (end) => {
    const { near, far } = await pair();
    const [writer, reader] = end === 'dialled' ? [near, far] : [far, near];
    const drained = Promise.withResolvers<void>();
    collect(writer, { onDrain: drained.resolve });
    const side = collect(reader);
    reader.pause();
    const piece = pattern(1 << 20, 5);
    let written = 0;
    let open = true;
    while (open) {
      open = writer.write([piece]);
      written += piece.byteLength;
      // Lets the kernel take what it will, so that only a reader who stopped can end this loop.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(writer.bufferedBytes).toBeGreaterThan(1 << 20);
    reader.resume();
    await drained.promise;
    expect((await side.until(written)).length).toBe(written);
  },
);

test('end sends what is queued, although the peer still talks', async () => {
  const { near, far } = await pair();
  const reason = pattern(2_000_000, 6);
  const nearSide = collect(near);
  const farSide = collect(far, {
    onData() {
      far.write([reason]);
      far.end();
      far.end();
      far.write([reason]);
    },
  });
  near.write([pattern(3_000_000, 7)]);
  expect(await nearSide.closed).toBeUndefined();
  expect(nearSide.all().equals(reason)).toBe(true);
  await farSide.closed;
  expect(farSide.all().length).toBeLessThan(3_000_000);
});

test('nothing is called after the close, and writing then is harmless', async () => {
  const { near, far } = await pair();
  const calls: string[] = [];
  const handlers = {
    onData: () => calls.push('data'),
    onDrain: () => calls.push('drain'),
    onClose: () => calls.push('close'),
  };
  const farSide = collect(far, handlers);
  const nearSide = collect(near);
  near.destroy();
  near.destroy();
  await Promise.all([nearSide.closed, farSide.closed]);
  far.end();
  far.pause();
  far.resume();
  far.destroy();
  expect(far.write([pattern(10, 8)])).toBe(true);
  await new Promise((resolve) => setImmediate(resolve));
  expect(calls).toEqual(['close']);
});

test('a reset is told as an error', async () => {
  const accepted = Promise.withResolvers<Connection>();
  const listener = await listen(accepted.resolve);
  const socket = connect(listener.port, listener.host);
  await once(socket, 'connect');
  const side = collect(await accepted.promise);
  socket.resetAndDestroy();
  expect(await side.closed).toMatchObject({ code: 'ECONNRESET' });
});

test('a connection that was over before it was attached says so', async () => {
  const { near, far } = await pair();
  collect(near);
  far.destroy();
  expect(await collect(far).closed).toBeUndefined();
});

test('attaching twice is a programmer error', async () => {
  const { near } = await pair();
  collect(near);
  expect(() => collect(near)).toThrow('attached once');
});

test('a listener that closed refuses dials and keeps its open connections', async () => {
  const accepted = Promise.withResolvers<Connection>();
  const listener = await listen(accepted.resolve);
  const near = await dial(listener);
  const far = await accepted.promise;
  const [nearSide] = [collect(near), collect(far)];
  await listener.close();
  await expect(network.dial(listener.host, listener.port, 10_000)).rejects.toMatchObject({ code: 'unavailable' });
  far.write([pattern(5, 9)]);
  expect((await nearSide.until(5)).length).toBe(5);
});

test('a taken port is refused with the remedy', async () => {
  const listener = await listen(() => {});
  await expect(network.listen(listener.host, listener.port, () => {})).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('choose another port'),
  });
});

test('a peer that never answers is given up', async () => {
  // TEST-NET-1 is never routed: either nobody answers, or the network says so itself.
  await expect(network.dial('192.0.2.1', 9, 50)).rejects.toMatchObject({ code: 'unavailable' });
});

test.each([
  ['dialled', true, true],
  ['accepted', true, true],
  ['accepted', false, false],
] as const)(
  'what is %s reads to where it is wanted (accepted ones too: %s): %s',
  async (side, acceptsOwnBuffers, isThere) => {
    const own = openNetwork({ acceptsOwnBuffers });
    const accepted = Promise.withResolvers<Connection>();
    const listener = await own.listen('127.0.0.1', 0, accepted.resolve);
    listeners.push(listener);
    const dialled = await own.dial(listener.host, listener.port, 10_000);
    connections.push(dialled, await accepted.promise);
    const [sender, receiver] =
      side === 'dialled' ? [await accepted.promise, dialled] : [dialled, await accepted.promise];
    const memory = new Uint8Array(4_000_000);
    let filled = 0;
    let inPlaceBytes = 0;
    const whole = Promise.withResolvers<void>();
    receiver.attach({
      target: () => memory.subarray(filled),
      onData(bytes) {
        if (bytes.buffer === memory.buffer && bytes.byteOffset === filled) inPlaceBytes += bytes.byteLength;
        else memory.set(bytes, filled);
        filled += bytes.byteLength;
        if (filled === memory.length) whole.resolve();
      },
      onDrain: () => {},
      onClose: () => {},
    });
    sender.attach({ onData: () => {}, onDrain: () => {}, onClose: () => {} });
    const sent = Buffer.alloc(memory.length, 'sixteen letters.');
    sender.write([sent]);
    await whole.promise;
    expect(sent.equals(memory)).toBe(true);
    // The very first read is set up before anybody is attached.
    expect(inPlaceBytes > 0).toBe(isThere);
  },
);

test('accepted sockets can read to memory of ours here', async () => {
  expect(await canOwnBuffers()).toBe(true);
});

test('what is written soon keeps its place, and is told of when it was taken or lost', async () => {
  const { near, far } = await pair();
  const received = collect(far);
  collect(near);
  const taken: string[] = [];
  near.writeSoon([Buffer.from('a'), Buffer.from('b')], () => taken.push('ab'));
  near.writeSoon([Buffer.from('c')]);
  expect(near.bufferedBytes).toBe(3);
  near.write([Buffer.from('d')], () => taken.push('d'));
  near.writeSoon([Buffer.from('e')]);
  expect((await received.until(5)).toString()).toBe('abcde');
  await expect.poll(() => taken).toEqual(['ab', 'd']);
  near.writeSoon([Buffer.from('f')], () => taken.push('f'));
  near.destroy();
  expect(taken).toEqual(['ab', 'd', 'f']);
  near.writeSoon([Buffer.from('g')], () => taken.push('g'));
  expect(taken).toEqual(['ab', 'd', 'f', 'g']);
});

test('what is written soon leaves before an end', async () => {
  const { near, far } = await pair();
  const received = collect(far);
  collect(near);
  near.writeSoon([Buffer.from('last')]);
  near.end();
  expect((await received.until(4)).toString()).toBe('last');
});
