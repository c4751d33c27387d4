/**
 * What a connection's client has told about itself and chosen: protocol version, names, durability. Commands of one
 * connection change it in the order in which they were sent; RESET takes it back to the start.
 */
import type { RespVersion } from '@sion/wire';
import type { Durability } from '../../objects/objects.ts';

/** One connected client. */
export class Client {
  readonly id: number;
  readonly remote: string;
  readonly local: string;
  readonly connectedMs: number;
  version: RespVersion = 2;
  /** Empty = none. */
  name = '';
  libraryName = '';
  libraryVersion = '';
  durability: Durability = 'store';
  /** Full name of the command that came last, and when it came, monotonic. */
  lastCommand = '';
  lastMs: number;

  constructor(id: number, remote: string, local: string, nowMs: number) {
    this.id = id;
    this.remote = remote;
    this.local = local;
    this.connectedMs = nowMs;
    this.lastMs = nowMs;
  }

  /** As RESET leaves it: Redis forgets the name, but not the library. */
  reset(): void {
    this.version = 2;
    this.name = '';
    this.durability = 'store';
  }
}
