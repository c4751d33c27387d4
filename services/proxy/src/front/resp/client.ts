/**
 * What a connection's client has told about itself and chosen: protocol version, names, durability, whether it wants
 * replies. Commands of one connection change it in the order in which they were sent; RESET takes it back to the start.
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
  durability: Durability;
  readonly #durability: Durability;
  /** CLIENT NO-EVICT and NO-TOUCH: kept to be shown; SION evicts no client and keeps no idle times of keys. */
  noEvict = false;
  noTouch = false;
  readonly replies = new ReplySwitch();
  /** Full name of the command that came last, and when it came, monotonic. */
  lastCommand = '';
  lastMs: number;

  /** `durability`: of a client that does not choose. */
  constructor(id: number, remote: string, local: string, nowMs: number, durability: Durability = 'store') {
    this.durability = durability;
    this.#durability = durability;
    this.id = id;
    this.remote = remote;
    this.local = local;
    this.connectedMs = nowMs;
    this.lastMs = nowMs;
  }

  /** As RESET leaves it: Redis forgets the name and the switches, but not the library. */
  reset(): void {
    this.version = 2;
    this.name = '';
    this.durability = this.#durability;
    this.noEvict = false;
    this.noTouch = false;
    this.replies.set('on');
  }
}

/**
 * CLIENT REPLY: which commands are answered.
 *
 *     ON    this one and all that follow
 *     OFF   none, from this one on
 *     SKIP  neither this one nor the next; nothing more when they are off
 */
export class ReplySwitch {
  #off = false;
  #skipsThis = false;
  #skipsNext = false;

  set(mode: 'on' | 'off' | 'skip'): void {
    if (mode === 'skip') {
      this.#skipsNext = !this.#off;
      return;
    }
    this.#off = mode === 'off';
    this.#skipsThis = false;
  }

  /** Whether the next command gets its reply, as long as it is none of these switches. */
  get isPlain(): boolean {
    return !this.#off && !this.#skipsNext;
  }

  /** A command begins. */
  begin(): void {
    this.#skipsThis = this.#skipsNext;
    this.#skipsNext = false;
  }

  /** Whether the command that began last stays without a reply. */
  get isSilent(): boolean {
    return this.#off || this.#skipsThis || this.#skipsNext;
  }
}
