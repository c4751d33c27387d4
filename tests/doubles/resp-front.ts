/**
 * The RESP front on a loopback port over a double of the engine, with limits small enough to be reached, and the
 * connections to it, all of which end with the test.
 */

import { openNetwork, readProcessUsage, silentLog, systemClock, systemRandom } from '@sion/components';
import { createRespServer, type RespServer, type RespServerParts, type RespSettings, respDefaults } from '@sion/proxy';
import { onTestFinished } from 'vitest';
import { frontNowMs, statusOf } from './http-front.ts';
import { createMemoryObjects, type MemoryObjects } from './memory-objects.ts';
import { dialResp, type RespClient } from './resp-client.ts';

const respTestSettings: RespSettings = {
  ...respDefaults,
  host: '127.0.0.1',
  respPort: 0,
  streamThresholdBytes: 1024,
  pieceBytes: 512,
  incomingQueueBytes: 2048,
  maxRespValueBytes: 64 * 1024 * 1024,
};

export interface RespFront {
  readonly server: RespServer;
  /** The double, unless `change` brought other objects. */
  readonly objects: MemoryObjects;
  /** Moves the clock that expiry uses. */
  advance(ms: number): void;
  /** A new connection. */
  dial(): Promise<RespClient>;
  /** Ends all connections, then the server. */
  close(): Promise<void>;
}

/** What a test may have otherwise. */
export type RespFrontChange = Omit<Partial<RespServerParts>, 'settings'> & {
  readonly settings?: Partial<RespSettings>;
};

/** A front that listens until its test is over. */
export async function serveRespInTest(change: RespFrontChange = {}): Promise<RespFront> {
  const front = await serveResp(change);
  onTestFinished(() => front.close());
  return front;
}

/** A front that listens until it is closed. */
export async function serveResp(change: RespFrontChange = {}): Promise<RespFront> {
  let nowMs = frontNowMs;
  const objects = createMemoryObjects({ nowMs: () => nowMs });
  const parts = {
    network: openNetwork(),
    status: statusOf('serving'),
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    processUsage: readProcessUsage,
  };
  const settings = { ...respTestSettings, ...change.settings };
  const server = await createRespServer({ ...parts, objects, ...change, settings });
  const clients: RespClient[] = [];
  return {
    server,
    objects,
    advance(ms) {
      nowMs += ms;
    },
    async dial() {
      const client = await dialResp(server.port);
      clients.push(client);
      return client;
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
      await server.close();
    },
  };
}
