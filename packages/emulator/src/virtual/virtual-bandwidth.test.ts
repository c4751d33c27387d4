import {
  type Connection,
  type NetworkWeather,
  RemoteStore,
  type StoreWeather,
  VirtualNetwork,
  VirtualProcess,
  VirtualStore,
  VirtualTime,
} from '@sion/components';
import { expect, test } from 'vitest';
import { NetworkBucket } from '../model/network-bucket.ts';

const mib = 1024 * 1024;

const network: NetworkWeather = {
  latencyMs: () => 0,
  bytesPerMs: () => Number.POSITIVE_INFINITY,
  pieceBytes: () => mib,
  dialling: () => 'connected',
  mourning: () => 'reset',
};
const store: StoreWeather = {
  transitMs: () => 0,
  fate: () => 'served',
  timeoutMs: () => 1000,
  lateMs: () => 0,
  breaksOff: () => false,
  corrupts: () => false,
};

interface Rig {
  readonly time: VirtualTime;
  readonly instance: VirtualProcess;
  /** The instance's end, and its peer's. */
  readonly near: Connection;
  readonly far: Connection;
  /** Bytes that each of them got. */
  readonly arrived: { near: number; far: number };
  readonly reads: RemoteStore;
}

/** An instance with 4 MiB/s after a burst of 1 MiB, connected to a peer, and an object of 3 MiB in the store. */
async function openRig(): Promise<Rig> {
  const time = new VirtualTime();
  const instance = new VirtualProcess(time, 'instance', 0);
  const peer = new VirtualProcess(time, 'peer', 0);
  instance.bandwidth = new NetworkBucket({
    networkBytesPerSecond: 4 * mib,
    networkBurstBytes: mib,
    networkPeakBytesPerSecond: 0,
  });
  const world = new VirtualNetwork(network);
  const arrived = { near: 0, far: 0 };
  let far: Connection | undefined;
  let near: Connection | undefined;
  world
    .of(peer)
    .listen('peer', 1, (connection) => {
      far = connection;
    })
    .catch(expect.unreachable);
  await time.run(() => false);
  world
    .of(instance)
    .dial('peer', 1, 1000)
    .then((connection) => {
      near = connection;
    }, expect.unreachable);
  await time.run(() => near !== undefined && far !== undefined);
  if (near === undefined || far === undefined) throw new Error('nobody is connected');
  const count = (end: 'near' | 'far') => ({
    onData: (bytes: Uint8Array) => {
      arrived[end] += bytes.length;
    },
    onDrain: () => {},
    onClose: () => {},
  });
  near.attach(count('near'));
  far.attach(count('far'));
  const objects = new VirtualStore({ wallMs: () => 0, pieceBytes: 64 * 1024 });
  await objects.put('object', new Uint8Array(3 * mib), {}, { kind: 'absent' });
  return { time, instance, near, far, arrived, reads: new RemoteStore(objects, instance, store) };
}

test('connections both ways and bodies of the store share the bandwidth of an instance', async () => {
  const { time, near, far, arrived, reads } = await openRig();
  const beganMs = time.nowMs;
  let read = 0;
  const readObject = async () => {
    const outcome = await reads.get('object');
    if (outcome.kind !== 'hit') throw new Error('the object is not there');
    for await (const piece of outcome.body) read += piece.length;
  };
  readObject().catch(expect.unreachable);
  near.write([new Uint8Array(2 * mib)]);
  far.write([new Uint8Array(4 * mib)]);
  await time.run(() => read === 3 * mib && arrived.near === 4 * mib && arrived.far === 2 * mib);
  expect(time.nowMs - beganMs).toBeCloseTo(2000, 0);
});

test('a paused instance takes no more than what its kernel had room for', async () => {
  const { time, instance, far, arrived } = await openRig();
  instance.pause();
  far.write([new Uint8Array(4 * mib)]);
  await time.run(() => false);
  expect(far.bufferedBytes).toBe(4 * mib - 256 * 1024);
  expect(arrived.near).toBe(0);
  instance.resume();
  await time.run(() => arrived.near === 4 * mib);
  expect(far.bufferedBytes).toBe(0);
});
