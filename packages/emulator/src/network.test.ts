import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../../tests/doubles/turns.ts';
import type { InstanceListing } from './control/contract.ts';
import { type Bench, openBench, rejection } from './emulator.test-data.ts';

const mib = 1024 * 1024;

/** Keeps a connection from one invocation to the next, and reads files and pages. */
const handlerSource = `
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { get } from 'node:http';
import { get as getSafely } from 'node:https';
import { connect } from 'node:net';
let socket;
let received = 0;
let wanted = () => {};
const length = async (stream) => {
  let bytes = 0;
  for await (const piece of stream) bytes += piece.length;
  return bytes;
};
export const handler = async (event) => {
  if (event.connect !== undefined) {
    socket = connect(event.connect, '127.0.0.1');
    socket.on('data', (bytes) => { received += bytes.length; wanted(); });
    await new Promise((resolve, reject) => { socket.once('connect', resolve); socket.once('error', reject); });
    socket.write(event.name + '\\n');
  }
  if (event.receive !== undefined) {
    await new Promise((resolve) => { wanted = () => received >= event.receive && resolve(); wanted(); });
  }
  if (event.file !== undefined) {
    const handle = await open(event.file);
    const { bytesRead } = await handle.read(Buffer.alloc(event.bytes), 0, event.bytes, 0);
    await handle.close();
    return { bytesRead, streamed: await length(createReadStream(event.file)) };
  }
  if (event.http !== undefined) {
    return { bytes: await new Promise((resolve, reject) => get(event.http, resolve).once('error', reject)).then(length) };
  }
  if (event.https !== undefined) {
    const options = { rejectUnauthorized: false };
    return new Promise((resolve) => {
      getSafely(event.https, options, resolve).once('error', (error) => resolve({ code: error.code }));
    });
  }
  return { received, relay: process.env.SION_EMULATOR_RELAY ?? 'none' };
};
`;

let bench: Bench;
let port: number;
const peers = new Map<string, Socket>();
const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', (name) => peers.set(name.toString().trim(), socket));
});

beforeAll(async () => {
  bench = await openBench({
    emulatorNetworkBytesPerSecond: 2 ** 40,
    emulatorNetworkBurstBytes: 2 ** 40,
    emulatorNetworkPeakBytesPerSecond: 0,
  });
  const bundleFolder = join(bench.folder, 'network');
  mkdirSync(bundleFolder);
  writeFileSync(join(bundleFolder, 'index.mjs'), handlerSource);
  for (const name of ['frozen', 'awake', 'files', 'pages']) {
    await bench.put(name, { bundleFolder, reservedConcurrency: 1 });
  }
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(async () => {
  for (const peer of peers.values()) peer.destroy();
  server.close();
  await bench.close();
});

async function carriedBy(functionName: string): Promise<InstanceListing['carriedBytes']> {
  return (await bench.control.instances()).find((each) => each.functionName === functionName)?.carriedBytes;
}

function peerOf(name: string): Socket {
  const peer = peers.get(name);
  if (peer === undefined) throw new Error(`${name} has not connected`);
  return peer;
}

test('what an instance connects leads through its relay; a frozen one takes no byte until it is thawed', async () => {
  for (const name of ['frozen', 'awake']) {
    const { payload } = await bench.invoke(name, { connect: port, name });
    expect(payload).toEqual({ received: 0, relay: 'none' });
    await until(() => peers.has(name));
  }
  const bytes = Buffer.alloc(64 * mib);
  peerOf('frozen').write(bytes);
  peerOf('awake').write(bytes);
  // Long enough for another one to take as much.
  expect((await bench.invoke('awake', { receive: bytes.length })).payload).toMatchObject({ received: bytes.length });
  expect(await carriedBy('awake')).toEqual({ in: bytes.length, out: 'awake\n'.length, files: 0 });
  expect(await carriedBy('frozen')).toEqual({ in: 0, out: 'frozen\n'.length, files: 0 });
  expect(peerOf('frozen').writableLength).toBeGreaterThan(0);
  expect((await bench.invoke('frozen', { receive: bytes.length })).payload).toMatchObject({ received: bytes.length });
  expect(await carriedBy('frozen')).toMatchObject({ in: bytes.length });
});

test('an instance that is reclaimed while frozen takes its connections with it', async () => {
  await bench.invoke('frozen', { connect: port, name: 'again' });
  await until(() => peers.has('again'));
  const peer = peerOf('again');
  const closed = new Promise((resolve) => peer.once('close', resolve));
  peer.resume();
  await bench.control.reclaim({ all: true, functionName: 'frozen' });
  await closed;
});

test('bytes of files count, by handle and by stream', async () => {
  const file = join(bench.folder, 'file');
  writeFileSync(file, Buffer.alloc(3 * mib));
  const { payload } = await bench.invoke('files', { file, bytes: 2 * mib });
  expect(payload).toEqual({ bytesRead: 2 * mib, streamed: 3 * mib });
  expect(await carriedBy('files')).toEqual({ in: 0, out: 0, files: 5 * mib });
});

test('http leads through it by name; a refused dial of TLS keeps its code', async () => {
  const { bytes } = (await bench.invoke('pages', { http: `http://localhost:${bench.emulator.port}/nothing` })).payload;
  const carried = await carriedBy('pages');
  expect(bytes).toBeGreaterThan(0);
  expect(carried?.in).toBeGreaterThan(Number(bytes));
  const shut = createTlsServer();
  await new Promise<void>((resolve) => {
    shut.listen(0, '127.0.0.1', resolve);
  });
  const address = shut.address();
  const free = typeof address === 'object' && address !== null ? address.port : 0;
  await new Promise((resolve) => shut.close(resolve));
  const refused = await bench.invoke('pages', { https: `https://127.0.0.1:${free}/` });
  expect(refused.payload).toEqual({ code: 'ECONNREFUSED' });
});

test('all networks may be limited anew', async () => {
  await bench.control.limitNetwork({ bytesPerSecond: 2 ** 40, burstBytes: 0, peakBytesPerSecond: 0 });
  await bench.control.limitNetwork({ bytesPerSecond: 2 ** 40, burstBytes: 2 ** 40, peakBytesPerSecond: 2 ** 40 });
  expect((await bench.invoke('awake')).payload).toMatchObject({ relay: 'none' });
  const refused = await rejection(
    bench.control.limitNetwork({ bytesPerSecond: 0, burstBytes: 0, peakBytesPerSecond: 0 }),
  );
  expect(refused).toMatchObject({ message: expect.stringContaining('bytesPerSecond') });
});
