/**
 * Loaded before anything else of an instance whose network has a limit, whichever bootstrap it runs: from now on each TCP
 * connection of this process leads through the relay, and bytes of files are given on when they are paid for. The code of
 * the function is untouched and sees a slower world, nothing else: a TLS connection keeps its names, a failed dial its code.
 */
import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { RelayClient } from './relay-client.ts';

const relayVariable = 'SION_EMULATOR_RELAY';

interface Target {
  readonly host?: string | null;
  readonly port?: number | string;
  /** Of a socket in the file system; `http` leaves it empty. */
  readonly path?: string | null;
}

/** Options of a dial that are the relay's affair. */
const unset = { lookup: undefined, localAddress: undefined, localPort: undefined, family: undefined };

/** The options and the callback of a `connect`, in any of its forms. */
function readArguments(given: readonly unknown[]): { target: Target; connected: unknown } {
  // What `net.connect` and `http` pass is normalised already: one array.
  const args: readonly unknown[] = Array.isArray(given[0]) ? given[0] : given;
  const [first, second] = args;
  const connected = args.findLast((argument) => typeof argument === 'function');
  if (typeof first === 'object' && first !== null) return { target: first, connected };
  const isPath = typeof first === 'string' && Number.isNaN(Number(first));
  if (isPath) return { target: { path: first }, connected };
  return { target: { port: Number(first), ...(typeof second === 'string' ? { host: second } : {}) }, connected };
}

/** Leads connections through the relay, except to the Runtime API, which is no network. */
function relayConnections(relay: RelayClient, runtimeApi: string): void {
  const { connect } = Socket.prototype;
  Reflect.set(Socket.prototype, 'connect', function relayed(this: Socket, ...given: unknown[]): Socket {
    const { target, connected } = readArguments(given);
    const { port, path } = target;
    const host = target.host || 'localhost';
    if (path || port === undefined || `${host}:${port}` === runtimeApi) {
      return Reflect.apply(connect, this, given);
    }
    // As while a name is looked up: what is written meanwhile waits.
    Reflect.set(this, 'connecting', true);
    relay.open(host, Number(port)).then(
      (door) => {
        if (this.destroyed) return relay.drop(door);
        const through = { ...target, host: '127.0.0.1', port: door, ...unset };
        Reflect.apply(connect, this, connected === undefined ? [through] : [through, connected]);
      },
      (error: Error) => this.destroy(error),
    );
    return this;
  });
}

/** Has the bytes of files paid for: those of handles, and those of streams and callbacks. */
async function meterFiles(relay: RelayClient): Promise<void> {
  const handle = await open(import.meta.filename);
  const prototype: object = Object.getPrototypeOf(handle);
  await handle.close();
  const { read: readOfHandle } = handle;
  Reflect.set(prototype, 'read', async function metered(this: object, ...args: unknown[]) {
    const outcome: { readonly bytesRead: number } = await Reflect.apply(readOfHandle, this, args);
    await relay.take(outcome.bytesRead);
    return outcome;
  });
  const { read } = fs;
  Reflect.set(fs, 'read', function metered(...args: unknown[]) {
    const done = args.pop();
    if (typeof done !== 'function') return Reflect.apply(read, fs, [...args, done]);
    const paid = (error: Error | null, bytesRead: number, bytes: unknown) => {
      payFor(relay, error === null ? bytesRead : 0, () => Reflect.apply(done, undefined, [error, bytesRead, bytes]));
    };
    Reflect.apply(read, fs, [...args, paid]);
  });
  syncBuiltinESMExports();
}

/** What the callback throws is an uncaught exception, as it is after a read without a limit. */
function payFor(relay: RelayClient, bytes: number, then: () => void): void {
  const tell = () => process.nextTick(then);
  relay.take(bytes).then(tell, tell);
}

const address = process.env[relayVariable];
if (address !== undefined) {
  // The function finds what Lambda sets, and nothing of the emulator's.
  delete process.env[relayVariable];
  const relay = new RelayClient(address);
  relayConnections(relay, process.env['AWS_LAMBDA_RUNTIME_API'] ?? '');
  await meterFiles(relay);
}
