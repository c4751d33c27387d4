/**
 * One RESP connection: bytes in, commands taken, answers out in order. It owns back-pressure both ways: a client that
 * sends faster than it is served, or does not read, is paused and holds back only itself. It must never send a byte
 * behind an answer that broke off, nor take a command after one that closes. It is long because whatever decides that one
 * connection reads, takes, sends or ends meets here.
 *
 *     reading --(bound reached)--> paused --(room)--> reading
 *     either --(QUIT, protocol error, stop)--> closing --(all answered)--> ended
 */
import type { Connection, Timer } from '@sion/components';
import {
  type Reply,
  type ReplyWriter,
  type RequestArguments,
  type RequestEvent,
  RequestParser,
  RespProtocolError,
} from '@sion/wire';
import type { AnswerOutput, StreamedAnswer } from './answer.ts';
import { sendBulk } from './bulk-output.ts';
import type { Client } from './client.ts';
import type { ClientConnection } from './clients.ts';
import type { Call, Command } from './command.ts';
import { keysOf } from './command-table.ts';
import { get } from './commands/get.ts';
import { isHttp } from './http-line.ts';
import { IncomingValue } from './incoming-value.ts';
import { Pipeline } from './pipeline.ts';
import { ReplyError, replyOfError } from './redis-errors.ts';
import type { RespServerCore } from './resp-server.ts';
import type { Watched } from './stall-watch.ts';

/** Answers are gathered up to this size before they go out. */
const gatheredBytes = 256 * 1024;

/** See the module. */
export class RespConnection implements Watched, ClientConnection {
  readonly #connection: Connection;
  readonly #core: RespServerCore;
  readonly #client: Client;
  readonly #parser: RequestParser;
  readonly #pipeline: Pipeline;
  /** Shared with all connections: whatever writes to it sends it in the same turn. */
  readonly #writer: ReplyWriter;
  readonly #gone = new AbortController();
  /** The large value that is arriving. */
  #value: IncomingValue | undefined;
  #taking = false;
  #sending = false;
  /** The last write filled the socket; `onDrain` will come. */
  #undrained = false;
  #drained: PromiseWithResolvers<void> | undefined;
  #scheduled = false;
  #turn: Timer | undefined;
  #receivedBytes = 0;
  #writtenBytes = 0;
  #closing = false;
  #draining = false;
  #ended = false;
  #over = false;
  #paused = false;

  constructor(connection: Connection, client: Client, core: RespServerCore) {
    this.#connection = connection;
    this.#core = core;
    this.#client = client;
    this.#writer = core.writer;
    const { settings } = core.front;
    this.#parser = new RequestParser(core.requestLimits, {
      streams: (args, argumentCount) => this.#streams(args, argumentCount),
      admits: (bytes) => core.front.argumentMemory.admit(bytes),
      allocatePiece: (bytes) => core.pieces.take(bytes),
    });
    this.#pipeline = new Pipeline(
      { commands: settings.pipelineCommands, bytes: settings.pipelineBytes },
      {
        holds: (command) => core.front.pause.holds(command),
        onAnswer: () => this.#onAnswer(),
        onDefect: (error, command) =>
          core.log.error('resp-command-failed', { command, error: String(error), client: client.id }),
      },
    );
  }

  /** Begins to read. */
  open(): void {
    this.#connection.attach({
      target: () => (this.#closing ? undefined : this.#parser.target()),
      onData: (bytes) => {
        if (this.#closing) return;
        this.#receivedBytes += bytes.byteLength;
        this.#core.front.traffic.receivedBytes += bytes.byteLength;
        this.#parser.feed(bytes);
        this.#continue();
        this.#parser.release();
      },
      onDrain: () => {
        this.#undrained = false;
        this.#drained?.resolve();
        this.#drained = undefined;
        this.#continue();
      },
      onClose: () => this.#onClose(),
    });
  }

  /** Takes nothing new; ends when what was taken is answered, a value that is arriving included. */
  drain(): void {
    this.#draining = true;
    this.#continue();
  }

  /** Cuts it now. */
  destroy(): void {
    this.#connection.destroy();
  }

  /** Takes nothing new; what was taken is answered, but a value that is arriving is cut off. */
  finish(): void {
    if (this.#value !== undefined) return this.destroy();
    this.#closing = true;
    this.#continueSoon();
  }

  /** A pause of commands is over. */
  resumeCommands(): void {
    this.#pipeline.startNext();
    this.#continueSoon();
  }

  get incompleteBytes(): number {
    return this.#parser.keptBytes;
  }

  get heldBytes(): number {
    return this.#pipeline.heldBytes;
  }

  get unsentBytes(): number {
    return this.#connection.bufferedBytes;
  }

  /** What waits for the client: the rest of a command, unless this side has paused it, or answers to be read. */
  get owedProgress(): number | undefined {
    const unsentBytes = this.#connection.bufferedBytes;
    const isAwaited = this.#parser.midCommand && !this.#paused && !this.#closing;
    return isAwaited || unsentBytes > 0 ? this.#receivedBytes + this.#writtenBytes - unsentBytes : undefined;
  }

  /** Cuts a client that does not read; tells one that does not send why its connection ends. */
  onStalled(): void {
    const { stallMs } = this.#core.front.settings;
    const unsentBytes = this.#connection.bufferedBytes;
    this.#core.log.info('resp-client-stalled', { client: this.#client.id, unsentBytes, stallMs });
    if (this.#closing || unsentBytes > 0) return this.#connection.destroy();
    this.#closing = true;
    this.#refuseRest(
      new ReplyError(`ERR no byte of the command came for ${stallMs} ms; send it again, without such a pause`),
    );
    this.#continue();
  }

  #onClose(): void {
    this.#over = true;
    this.#closing = true;
    this.#turn?.cancel();
    const gone = new Error('The client has closed the connection.');
    this.#gone.abort(gone);
    this.#value?.fail(gone);
    this.#drained?.reject(gone);
    this.#core.front.argumentMemory.release(this.#parser.admittedBytes);
    this.#pipeline.abandon();
    this.#core.onClosed(this, this.#client);
  }

  /** Answers that come in the same turn go out together; the last one that is awaited waits for no other. */
  #onAnswer(): void {
    if (this.#pipeline.settled) return this.#continueSoon();
    this.#turn ??= this.#core.front.clock.after(0, () => {
      this.#turn = undefined;
      this.#continue();
    });
  }

  #continueSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#continue();
    });
  }

  /** Takes what can be taken, sends what can be sent, and sets the flow accordingly. */
  #continue(): void {
    if (this.#over || this.#taking) return;
    this.#taking = true;
    this.#gather();
    while (this.#mayTake()) {
      if (this.#answerHot()) continue;
      const event = this.#nextEvent();
      if (event === undefined) break;
      this.#accept(event);
      if (this.#pipeline.full) this.#gather();
    }
    this.#gather();
    this.#writeOut();
    this.#taking = false;
    this.#setFlow();
  }

  /**
   * Answers a GET at once whose value the proxy's own memory has: nothing stands before it that it could overtake, and it
   * waits for nothing, so it need not become a command on its way. What it counts for is the same.
   */
  #answerHot(): boolean {
    if (!this.#pipeline.empty || this.#sending) return false;
    const { front } = this.#core;
    if (!this.#client.replies.isPlain || front.pause.holds(get)) return false;
    const key = this.#parser.peekGet(front.settings.maxKeyBytes);
    const value = key === undefined ? undefined : front.objects.readHot(key);
    if (value === undefined) return false;
    this.#parser.passPeeked();
    this.#client.replies.begin();
    this.#note(get);
    front.traffic.countCommand(get.name, 0, false);
    this.#writer.bulk(value);
    if (this.#writer.length >= gatheredBytes) this.#writeOut();
    return true;
  }

  #mayTake(): boolean {
    if (this.#closing || this.#pipeline.full || this.#isUnread()) return false;
    if (this.#value?.full === true) return false;
    return !this.#draining || this.#parser.midStream;
  }

  #isUnread(): boolean {
    return this.#undrained && this.#connection.bufferedBytes >= this.#core.front.settings.maxUnsentBytes;
  }

  #setFlow(): void {
    const isDone = this.#closing || (this.#draining && !this.#parser.midStream);
    if (isDone && this.#pipeline.empty && !this.#sending) {
      this.#closing = true;
      if (!this.#ended) this.#connection.end();
      this.#ended = true;
      return;
    }
    const pause = !this.#mayTake();
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#connection.pause();
    else this.#connection.resume();
  }

  #nextEvent(): RequestEvent | undefined {
    try {
      return this.#parser.next();
    } catch (error) {
      if (!(error instanceof RespProtocolError)) throw error;
      this.#closing = true;
      this.#core.log.info('resp-protocol-error', { client: this.#client.id, message: error.message });
      this.#refuseRest(new ReplyError(`ERR ${error.message}`));
      return undefined;
    }
  }

  /** Answers a broken grammar: as the reply of the command that it broke, if that runs already. */
  #refuseRest(error: ReplyError): void {
    if (this.#value === undefined) this.#pipeline.refuse({ call: this.#call([], []), heldBytes: 0 }, error.reply);
    else this.#value.fail(error);
    this.#value = undefined;
  }

  #accept(event: RequestEvent): void {
    switch (event.kind) {
      case 'command':
        return this.#takeCommand(event);
      case 'opening':
        return this.#openValue(event.args, event.argumentCount, event.valueBytes);
      case 'piece':
        return this.#value?.push(event.bytes);
      case 'closing': {
        this.#value?.finish(event);
        this.#value = undefined;
        this.#core.front.argumentMemory.release(event.admittedBytes);
      }
    }
  }

  /** Only what will run may stream; the rest is refused when it is complete. */
  #streams(args: readonly Buffer[], argumentCount: number): boolean {
    const found = this.#core.front.table.find(args, argumentCount);
    if (found.kind === 'refused' || found.command.streamedArgument !== args.length) return false;
    const longest = this.#core.front.settings.maxKeyBytes;
    return args.slice(1).every((argument) => argument.length <= longest);
  }

  #takeCommand(request: RequestArguments): void {
    const { args, skippedBytes, admittedBytes } = request;
    if (isHttp(args)) this.#closing = true;
    const taken = {
      heldBytes: args.reduce((sum, argument) => sum + argument.length, 0),
      ...(admittedBytes > 0 ? { onEnd: () => this.#core.front.argumentMemory.release(admittedBytes) } : {}),
    };
    try {
      const { command, keys } = this.#resolve(args, request);
      if (skippedBytes > 0) throw this.#core.tooMuch(command.name);
      this.#pipeline.take({ ...taken, command, call: this.#call(args, keys) });
      if (command.closes === true) this.#closing = true;
    } catch (error) {
      this.#pipeline.refuse({ ...taken, call: this.#call([], []) }, replyOfError(error));
    }
  }

  #resolve(args: readonly Buffer[], request: RequestArguments) {
    const found = this.#core.front.table.find(args, request.argumentCount);
    if (isHttp(args)) throw new ReplyError('ERR this is not the HTTP port: it speaks RESP; use SION_HTTP_PORT');
    if (found.kind === 'refused') {
      if (found.command !== undefined) this.#core.front.traffic.countRejected(found.command.name);
      throw found.error;
    }
    const { command } = found;
    this.#note(command);
    return { command, keys: keysOf(command, args, this.#core.front.settings.maxKeyBytes) };
  }

  #openValue(args: readonly Buffer[], argumentCount: number, valueBytes: number): void {
    const { table, settings } = this.#core.front;
    const found = table.find(args, argumentCount);
    if (found.kind === 'refused') throw new ReplyError('A refused command was opened.');
    this.#note(found.command);
    const value = new IncomingValue({
      ...{ sizeBytes: valueBytes, maxQueuedBytes: settings.incomingQueueBytes },
      onRoom: () => this.#continueSoon(),
      giveBack: (piece) => this.#core.pieces.giveBack(piece),
    });
    this.#value = value;
    const call = { ...this.#call(args, keysOf(found.command, args, settings.maxKeyBytes)), value };
    this.#pipeline.take({ command: found.command, call, heldBytes: 0 });
  }

  #note(command: Command): void {
    const { traffic, clock } = this.#core.front;
    traffic.commands += 1;
    this.#client.lastCommand = command.name;
    this.#client.lastMs = clock.monotonicMs();
  }

  #call(args: readonly Buffer[], keys: readonly string[]): Call {
    return { args, keys, client: this.#client, front: this.#core.front, signal: this.#gone.signal };
  }

  /** Encodes the answers whose turn has come, up to one that streams. */
  #gather(): void {
    while (!this.#sending && !this.#isUnread()) {
      const due = this.#pipeline.due();
      if (due === undefined) return;
      if (due.answer.kind === 'streamed') {
        this.#sending = true;
        void this.#sendStreamed(due.answer, due.version);
        return;
      }
      this.#core.front.traffic.countError(due.answer);
      this.#writer.write(due.answer, due.version);
      this.#pipeline.shift();
      if (this.#writer.length >= gatheredBytes) this.#writeOut();
    }
  }

  #writeOut(onTaken?: () => void): void {
    if (this.#writer.length === 0) return;
    this.#writtenBytes += this.#writer.length;
    this.#core.front.traffic.sentBytes += this.#writer.length;
    if (!this.#connection.write(this.#writer.take(), onTaken)) this.#undrained = true;
  }

  async #sendStreamed(answer: StreamedAnswer, version: Client['version']): Promise<void> {
    let begun = false;
    const flushed = async (onTaken?: () => void) => {
      begun = true;
      this.#writeOut(onTaken);
      if (this.#over) throw new Error('The client has closed the connection.');
      if (!this.#undrained) return;
      this.#drained ??= Promise.withResolvers();
      await this.#drained.promise;
    };
    const writer = this.#writer;
    const output: AnswerOutput = {
      async reply(reply: Reply) {
        writer.write(reply, version);
        await flushed();
      },
      async arrayHeader(count) {
        writer.arrayHeader(count);
        await flushed();
      },
      async bulk(sizeBytes, pieces, onTaken) {
        await sendBulk(writer, sizeBytes, pieces, flushed, onTaken);
      },
    };
    try {
      await answer.send(output);
    } catch (error) {
      if (this.#over) return;
      if (begun) {
        this.#core.log.warn('resp-answer-cut', { client: this.#client.id, error: String(error) });
        this.#connection.destroy();
        return;
      }
      const reply = replyOfError(error);
      this.#core.front.traffic.countError(reply);
      writer.write(reply, version);
    }
    if (this.#over) return;
    this.#sending = false;
    this.#pipeline.shift();
    this.#continue();
  }
}
