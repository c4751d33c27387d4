import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createManualClock, type ManualClock } from '../../../../tests/doubles/manual-clock.ts';
import { until } from '../../../../tests/doubles/turns.ts';
import { RelayClient } from '../bootstrap/relay-client.ts';
import type { NetworkFigures } from '../model/network-bucket.ts';
import { Relay } from './relay.ts';

const mib = 1024 * 1024;
const wide: NetworkFigures = {
  networkBytesPerSecond: 2 ** 40,
  networkBurstBytes: 2 ** 40,
  networkPeakBytesPerSecond: 0,
};
const narrow: NetworkFigures = {
  networkBytesPerSecond: 4 * mib,
  networkBurstBytes: mib,
  networkPeakBytesPerSecond: 0,
};

const endings: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

interface Pair {
  readonly relay: Relay;
  readonly client: RelayClient;
  /** What the instance has connected, and what its peer has accepted. */
  readonly instance: Socket;
  readonly peer: Socket;
}

async function listen(): Promise<{ server: Server; port: number; accepted: Promise<Socket> }> {
  const server = createServer({ allowHalfOpen: true });
  const accepted = once(server, 'connection').then(([socket]) => {
    endings.push(() => void socket.destroy());
    return socket as Socket;
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  endings.push(() => void server.close());
  const address = server.address();
  return { server, accepted, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

async function openRelay(figures: NetworkFigures, clock: ManualClock): Promise<{ relay: Relay; client: RelayClient }> {
  const relay = new Relay({ figures, clock, secret: 'secret' });
  endings.push(() => relay.close());
  return { relay, client: new RelayClient(await relay.listen()) };
}

async function connectThrough(figures: NetworkFigures, clock = createManualClock()): Promise<Pair> {
  const { relay, client } = await openRelay(figures, clock);
  const { port, accepted } = await listen();
  const instance = connect({ host: '127.0.0.1', port: await client.open('127.0.0.1', port), allowHalfOpen: true });
  endings.push(() => void instance.destroy());
  return { relay, client, instance, peer: await accepted };
}

/** Counts what comes in. */
function count(socket: Socket): { bytes: number } {
  const counted = { bytes: 0 };
  socket.on('data', (bytes: Buffer) => {
    counted.bytes += bytes.length;
  });
  return counted;
}

test.each(['in', 'out'] as const)('bytes take the time of the bucket (%s)', async (way) => {
  const clock = createManualClock();
  const { relay, instance, peer } = await connectThrough(narrow, clock);
  const [from, to] = way === 'in' ? [peer, instance] : [instance, peer];
  const arrived = count(to);
  from.write(Buffer.alloc(9 * mib));
  await until(async () => {
    if (arrived.bytes < 9 * mib) clock.fireNext();
    // What has passed by now is what the bucket allows, and what is so close that no timer is set for it.
    expect(arrived.bytes).toBeLessThanOrEqual(mib + (clock.monotonicMs() + 4) * 4 * 1.024 * 1024);
    return arrived.bytes === 9 * mib;
  });
  expect(clock.monotonicMs()).toBeGreaterThanOrEqual(2000 - 4);
  expect(clock.monotonicMs()).toBeLessThanOrEqual(2000);
  expect(relay.carried[way]).toBe(9 * mib);
});

test('both directions and files share one bucket', async () => {
  const clock = createManualClock();
  const { relay, client, instance, peer } = await connectThrough(narrow, clock);
  const [here, there] = [count(instance), count(peer)];
  let paid = false;
  instance.write(Buffer.alloc(2 * mib));
  peer.write(Buffer.alloc(3 * mib));
  client.take(4 * mib).then(() => {
    paid = true;
  }, expect.unreachable);
  await until(() => {
    clock.fireNext();
    return paid && here.bytes === 3 * mib && there.bytes === 2 * mib;
  });
  expect(clock.monotonicMs()).toBeGreaterThanOrEqual(2000 - 4);
  expect(clock.monotonicMs()).toBeLessThanOrEqual(2000);
  expect(relay.carried).toEqual({ in: 3 * mib, out: 2 * mib, files: 4 * mib });
});

test('a long read of a file does not keep a short message waiting', async () => {
  const clock = createManualClock();
  const { client, instance, peer } = await connectThrough(narrow, clock);
  let paid = false;
  client.take(9 * mib).then(() => {
    paid = true;
  }, expect.unreachable);
  await until(() => clock.pendingTimers() > 0);
  const arrived = count(instance);
  peer.write('ping');
  // Shorter than a packet: it passes between two slices of the file.
  await until(() => arrived.bytes === 4);
  peer.write(Buffer.alloc(10_000));
  await until(() => {
    clock.fireNext();
    return arrived.bytes === 10_004;
  });
  expect(clock.monotonicMs()).toBeLessThan(50);
  await until(() => {
    clock.fireNext();
    return paid;
  });
  expect(clock.monotonicMs()).toBeGreaterThanOrEqual(2000 - 4);
});

test('a frozen instance takes nothing in, sends nothing out, and goes on after the thaw', async () => {
  const [frozen, awake] = [await connectThrough(wide), await connectThrough(wide)];
  const arrived = { frozen: count(frozen.instance), awake: count(awake.instance), sent: count(frozen.peer) };
  frozen.relay.freeze();
  const bytes = Buffer.alloc(64 * mib);
  for (const { peer } of [frozen, awake]) peer.write(bytes);
  frozen.instance.write(bytes);
  await until(() => arrived.awake.bytes === bytes.length);
  expect(frozen.relay.carried).toEqual({ in: 0, out: 0, files: 0 });
  expect([arrived.frozen.bytes, arrived.sent.bytes]).toEqual([0, 0]);
  expect(frozen.peer.writableLength).toBeGreaterThan(0);
  frozen.relay.thaw();
  await until(() => arrived.frozen.bytes === bytes.length && arrived.sent.bytes === bytes.length);
});

test('what waited for its turn when the instance was frozen waits for the thaw', async () => {
  const clock = createManualClock();
  const { relay, instance, peer } = await connectThrough(narrow, clock);
  const arrived = count(instance);
  peer.write(Buffer.alloc(8 * mib));
  await until(() => clock.pendingTimers() > 0);
  relay.freeze();
  clock.advance(60_000);
  const before = { ...relay.carried };
  expect(arrived.bytes).toBeLessThanOrEqual(mib + 5 * 4 * 1.024 * 1024);
  relay.thaw();
  await until(() => {
    clock.fireNext();
    return arrived.bytes === 8 * mib;
  });
  expect(relay.carried.in - before.in).toBeGreaterThan(0);
});

test('another limit counts from now on', async () => {
  const clock = createManualClock();
  const { relay, instance, peer } = await connectThrough(wide, clock);
  const arrived = count(instance);
  peer.write(Buffer.alloc(8 * mib));
  await until(() => arrived.bytes === 8 * mib);
  relay.limit(narrow);
  peer.write(Buffer.alloc(5 * mib));
  await until(() => {
    clock.fireNext();
    return arrived.bytes === 13 * mib;
  });
  expect(clock.monotonicMs()).toBeGreaterThanOrEqual(1000 - 4);
  expect(clock.monotonicMs()).toBeLessThanOrEqual(1000);
});

test('an end is an end, the other half goes on; a reset is a reset', async () => {
  const halves = await connectThrough(wide);
  halves.instance.resume();
  const arrived = count(halves.peer);
  halves.peer.end();
  await once(halves.instance, 'end');
  halves.instance.end(Buffer.alloc(mib));
  await once(halves.peer, 'end');
  expect(arrived.bytes).toBe(mib);
  const reset = await connectThrough(wide);
  const [told] = [once(reset.instance, 'error')];
  reset.peer.resetAndDestroy();
  expect(await told).toMatchObject([{ code: 'ECONNRESET' }]);
});

test('with the instance end its connections', async () => {
  const { relay, peer } = await connectThrough(wide);
  peer.on('error', () => {});
  peer.resume();
  const gone = once(peer, 'end');
  await relay.close();
  await gone;
});

test('a dial that is refused is refused; a door that nobody comes through is shut with its peer', async () => {
  const { client } = await openRelay(wide, createManualClock());
  const { server, port, accepted } = await listen();
  const door = await client.open('127.0.0.1', port);
  const peer = await accepted;
  peer.resume();
  client.drop(door);
  await once(peer, 'end');
  peer.destroy();
  server.close();
  await once(server, 'close');
  await expect(client.open('127.0.0.1', port)).rejects.toMatchObject({
    code: 'ECONNREFUSED',
    syscall: 'connect',
    port,
  });
});

test('who does not know the secret is shut out', async () => {
  const relay = new Relay({ figures: wide, clock: createManualClock(), secret: 'secret' });
  endings.push(() => relay.close());
  const [host, port] = (await relay.listen()).split(':');
  const guess = connect({ host, port: Number(port) });
  guess.write('guess\nopen 1 80 127.0.0.1\n');
  guess.resume();
  await once(guess, 'close');
});
