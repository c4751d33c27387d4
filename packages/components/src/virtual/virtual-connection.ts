/**
 * One connection of the virtual network: two ends, and between them a pipe each way. What is written waits in the
 * writer's kernel until the wire and the reader's window have room, travels, and waits in the reader's kernel until its
 * process wants it. Bytes are taken when they leave, so a writer that touches them too early is found out.
 */
import type { Connection, ConnectionHandlers } from '../network.ts';
import type { NetworkWeather } from './virtual-network.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** Bytes that may be on the wire or in the reader's kernel, each way. */
const windowBytes = 256 * 1024;

/** A writer is told to wait above it. */
const highWaterBytes = 1024 * 1024;

const noTarget = new Uint8Array(0);

/** How long an ended connection waits for its peer. */
const lingerMs = 2000;

/** A connection as the world sees it. */
export interface VirtualLink {
  readonly near: VirtualConnection;
  readonly far: VirtualConnection;
  /** Resets it: both ends learn of it. */
  cut(): void;
  /** Nothing gets through any more, and nobody is told. */
  silence(): void;
  /** Multiplies what the wire takes for each byte. */
  slow(factor: number): void;
}

export interface LinkParts {
  readonly dialler: VirtualProcess;
  readonly listener: VirtualProcess;
  /** Where the listener listens, and where the dialler dialled from. */
  readonly address: string;
  readonly dialled: string;
  readonly weather: NetworkWeather;
  /** Both ends are over. */
  readonly onOver: () => void;
  /** So many bytes are on their way to `reader`. */
  readonly onWritten: (reader: VirtualProcess, bytes: number) => void;
}

export function connect(parts: LinkParts): VirtualLink {
  const { dialler, listener, weather, address, dialled, onOver, onWritten } = parts;
  const wire: Wire = { weather, msPerByte: 1 / weather.bytesPerMs(), silent: false, ends: 2, onOver, onWritten };
  const near = new VirtualConnection(dialler, wire, dialled, address);
  const far = new VirtualConnection(listener, wire, address, dialled);
  near.meet(far);
  far.meet(near);
  return {
    ...{ near, far },
    cut() {
      for (const end of [near, far]) end.close(new Error('ECONNRESET'));
    },
    silence() {
      wire.silent = true;
    },
    slow(factor) {
      wire.msPerByte *= factor;
    },
  };
}

interface Wire {
  readonly weather: NetworkWeather;
  readonly onOver: () => void;
  readonly onWritten: LinkParts['onWritten'];
  msPerByte: number;
  silent: boolean;
  /** That are not over. */
  ends: number;
}

export class VirtualConnection implements Connection {
  readonly remote: string;
  readonly local: string;
  readonly #process: VirtualProcess;
  readonly #wire: Wire;
  readonly #forgetDeath: () => void;
  #peer: VirtualConnection | undefined;
  #handlers: ConnectionHandlers | undefined;
  #state: 'open' | 'ending' | 'over' = 'open';
  #paused = false;
  #full = false;
  /** Written, not yet on the wire. */
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #writtenBytes = 0;
  /** Of which somebody wants to know when they have left. */
  #writes: { readonly endBytes: number; readonly onTaken: () => void }[] = [];
  /** On the wire, or in the peer's kernel. */
  #sentBytes = 0;
  #departing = false;
  #lastArrivalMs = 0;
  /** In this end's kernel. */
  #arrived: Uint8Array[] = [];
  #delivering = false;
  #peerEnded = false;
  #closedWith: { readonly error?: Error } | undefined;
  #told = false;

  constructor(process: VirtualProcess, wire: Wire, local: string, remote: string) {
    this.#process = process;
    this.#wire = wire;
    this.local = local;
    this.remote = remote;
    this.#forgetDeath = process.whenDead(() => this.#orphan());
  }

  meet(peer: VirtualConnection): void {
    this.#peer = peer;
  }

  get bufferedBytes(): number {
    return this.#unsentBytes;
  }

  get process(): VirtualProcess {
    return this.#process;
  }

  /** Bytes that were written here and that the peer's process has not taken yet. */
  get bytesUnderWay(): number {
    return this.#unsentBytes + this.#sentBytes;
  }

  attach(handlers: ConnectionHandlers): void {
    if (this.#handlers !== undefined) throw new Error('A connection is attached once.');
    this.#handlers = handlers;
    this.#tellClosed();
    this.#deliver();
  }

  write(parts: readonly Uint8Array[], onTaken?: () => void): boolean {
    if (this.#state !== 'open') {
      onTaken?.();
      return true;
    }
    for (const part of parts) {
      if (part.byteLength === 0) continue;
      this.#unsent.push(part);
      this.#unsentBytes += part.byteLength;
      this.#writtenBytes += part.byteLength;
    }
    if (onTaken !== undefined) this.#writes.push({ endBytes: this.#writtenBytes, onTaken });
    this.#tellTaken(this.#writtenBytes - this.#unsentBytes);
    this.#depart();
    if (this.#peer !== undefined) this.#wire.onWritten(this.#peer.process, this.bytesUnderWay);
    this.#full = this.#unsentBytes > highWaterBytes;
    return !this.#full;
  }

  writeSoon(parts: readonly Uint8Array[], onTaken?: () => void): boolean {
    return this.write(parts, onTaken);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#arrived = [];
    this.#endWhenSent();
    this.#process.time.after(lingerMs, () => this.close());
  }

  destroy(): void {
    if (this.#state === 'over') return;
    this.close();
    this.#tellPeer((peer) => peer.close());
  }

  /** This end is over; its process hears of it. */
  close(error?: Error): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#unsent = [];
    this.#unsentBytes = 0;
    this.#tellTaken(this.#writtenBytes);
    this.#arrived = [];
    this.#forgetDeath();
    this.#closedWith = error === undefined ? {} : { error };
    this.#tellClosed();
    this.#wire.ends--;
    if (this.#wire.ends === 0) this.#wire.onOver();
  }

  /** Its process died: the kernel resets what it had, unless the whole machine went. */
  #orphan(): void {
    this.close();
    if (this.#wire.weather.mourning() === 'reset') {
      this.#tellPeer((peer) => peer.close(new Error('ECONNRESET')));
    }
  }

  #tellPeer(tell: (peer: VirtualConnection) => void): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    const { time } = this.#process;
    const atMs = Math.max(time.nowMs + this.#wire.weather.latencyMs(), this.#lastArrivalMs);
    this.#lastArrivalMs = atMs;
    time.after(atMs - time.nowMs, () => {
      if (!this.#wire.silent) tell(peer);
    });
  }

  #tellClosed(): void {
    if (this.#closedWith === undefined || this.#handlers === undefined || this.#told) return;
    this.#told = true;
    const { error } = this.#closedWith;
    this.#process.soon(0, () => this.#handlers?.onClose(error));
  }

  /** Puts the next packet on the wire, as soon as that is free and the peer's window has room. */
  #depart(): void {
    const room = windowBytes - this.#sentBytes;
    if (this.#departing || this.#unsentBytes === 0 || room <= 0 || this.#state === 'over') return;
    this.#departing = true;
    const peerPieceBytes = this.#peer === undefined ? Number.POSITIVE_INFINITY : this.#peer.#process.pieceBytes;
    const bytes = Math.min(this.#unsentBytes, room, 64 * 1024, this.#process.pieceBytes, peerPieceBytes);
    const { time } = this.#process;
    const peerMs = this.#peer === undefined ? 0 : this.#peer.#process.carry(bytes);
    const slowestMs = Math.max(bytes * this.#wire.msPerByte, this.#process.carry(bytes), peerMs);
    time.after(slowestMs, () => {
      this.#departing = false;
      if (this.#state === 'over') return;
      this.#send(this.#take(bytes));
      if (this.#full && this.#unsentBytes <= highWaterBytes / 2) {
        this.#full = false;
        this.#process.soon(0, () => {
          if (this.#state === 'open') this.#handlers?.onDrain();
        });
      }
      this.#depart();
      this.#endWhenSent();
    });
  }

  #take(bytes: number): Uint8Array {
    const packet = new Uint8Array(bytes);
    let filled = 0;
    while (filled < bytes) {
      const part = this.#unsent[0];
      if (part === undefined) break;
      const piece = part.subarray(0, bytes - filled);
      packet.set(piece, filled);
      filled += piece.length;
      if (piece.length === part.length) this.#unsent.shift();
      else this.#unsent[0] = part.subarray(piece.length);
    }
    this.#unsentBytes -= filled;
    this.#tellTaken(this.#writtenBytes - this.#unsentBytes);
    return packet;
  }

  #tellTaken(takenBytes: number): void {
    while ((this.#writes[0]?.endBytes ?? Number.POSITIVE_INFINITY) <= takenBytes) this.#writes.shift()?.onTaken();
  }

  #send(packet: Uint8Array): void {
    this.#sentBytes += packet.length;
    this.#tellPeer((peer) => peer.#arrive(packet));
  }

  #arrive(packet: Uint8Array): void {
    if (this.#state === 'over') return;
    if (this.#state === 'ending') return this.#peer?.acknowledge(packet.length);
    this.#arrived.push(packet);
    this.#deliver();
  }

  /** The peer's process has taken so many bytes. */
  acknowledge(bytes: number): void {
    this.#sentBytes -= bytes;
    this.#depart();
  }

  #deliver(): void {
    if (this.#delivering || this.#paused || this.#handlers === undefined || this.#state !== 'open') return;
    if (this.#arrived.length === 0) {
      if (this.#peerEnded) this.#closeAfterPeer();
      return;
    }
    this.#delivering = true;
    this.#process.soon(0, () => {
      this.#delivering = false;
      if (this.#paused || this.#state !== 'open') return;
      this.#handPiece();
      this.#deliver();
    });
  }

  /** Bytes go to where the handlers want them; others are overwritten after the call, as a real network's buffer would be. */
  #handPiece(): void {
    const packet = this.#arrived[0];
    if (packet === undefined) return;
    const piece = packet.subarray(0, Math.max(1, this.#wire.weather.pieceBytes()));
    if (piece.length === packet.length) this.#arrived.shift();
    else this.#arrived[0] = packet.subarray(piece.length);
    const target = this.#handlers?.target?.() ?? noTarget;
    const placed = target.subarray(0, piece.length);
    placed.set(piece.subarray(0, placed.length));
    if (placed.length > 0) this.#handlers?.onData(placed);
    if (placed.length < piece.length && this.#state === 'open') this.#handlers?.onData(piece.subarray(placed.length));
    piece.fill(0xee);
    this.#peer?.acknowledge(piece.length);
  }

  #endWhenSent(): void {
    if (this.#state !== 'ending' || this.#unsentBytes > 0 || this.#departing) return;
    this.#tellPeer((peer) => peer.#hearEnd());
  }

  #hearEnd(): void {
    if (this.#state === 'ending') return this.close();
    this.#peerEnded = true;
    this.#deliver();
  }

  #closeAfterPeer(): void {
    this.close();
    this.#tellPeer((peer) => peer.close());
  }
}
