/**
 * The commands of one connection that were taken and not yet answered, in order. It starts them in order, several at a
 * time where their keys allow it, and gives their answers in order. It must never hold more than its bounds and one
 * command; what a client that went away left behind, it lets go.
 */
import { asSionError, type RespVersion } from '@sion/wire';
import type { Answer } from './answer.ts';
import type { Call, Command } from './command.ts';
import { KeyTurns } from './key-turns.ts';
import { ReplyError, replyOfError } from './redis-errors.ts';

/** A command on its way. */
export interface TakenCommand {
  readonly command: Command;
  readonly call: Call;
  /** Of its arguments. */
  readonly heldBytes: number;
  /** Called when its answer is sent or dropped. */
  readonly onEnd?: () => void;
}

interface Entry extends TakenCommand {
  /** What its answer may hold while it is awaited. */
  expectedBytes: number;
  /** As it was when the command had started: HELLO's own reply is in the version that it chose. */
  version: RespVersion;
  answer: Answer | undefined;
  answerBytes: number;
  startedMs: number;
  /** The client wants no reply to it. */
  silent: boolean;
}

/** An answer whose turn has come. */
export interface DueAnswer {
  readonly answer: Answer;
  readonly version: RespVersion;
}

export interface PipelineBounds {
  readonly commands: number;
  readonly bytes: number;
}

/** What the pipeline asks and tells its owner. */
export interface PipelineOwner {
  /** Whether a command may not begin yet; `startNext` when that is over. */
  holds(command: Command): boolean;
  /** An answer came later than its `take`. */
  onAnswer(): void;
  /** A command failed in a way that is nobody's fault but SION's. */
  onDefect(error: unknown, command: string): void;
}

/** See the module. */
export class Pipeline {
  readonly #bounds: PipelineBounds;
  readonly #owner: PipelineOwner;
  readonly #turns = new KeyTurns();
  readonly #entries: Entry[] = [];
  /** How many of the entries, from the front, were started. */
  #started = 0;
  #answered = 0;
  #heldBytes = 0;
  /** Of answers that are awaited: large reads are begun one after the other, however many were sent. */
  #expectedBytes = 0;
  /** Answers that will be sent from a stream: nothing new is started beside them. */
  #streamed = 0;
  #abandoned = false;

  constructor(bounds: PipelineBounds, owner: PipelineOwner) {
    this.#bounds = bounds;
    this.#owner = owner;
  }

  /** Bytes of commands that were taken, and of answers that wait for their turn. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  get empty(): boolean {
    return this.#entries.length === 0;
  }

  get full(): boolean {
    return this.#entries.length >= this.#bounds.commands || this.#heldBytes >= this.#bounds.bytes;
  }

  /** True when every command has its answer. */
  get settled(): boolean {
    return this.#answered === this.#entries.length;
  }

  /** Adds a command and starts it when it can be. */
  take(taken: TakenCommand): void {
    const version = taken.call.client.version;
    const fresh = { expectedBytes: 0, answer: undefined, answerBytes: 0, startedMs: 0, silent: false };
    this.#entries.push({ ...taken, ...fresh, version });
    this.#heldBytes += taken.heldBytes;
    this.startNext();
  }

  /** Adds an answer that needs no command to run, such as an error. */
  refuse(taken: Omit<TakenCommand, 'command'>, answer: Answer): void {
    this.take({ ...taken, command: { ...refusedCommand, run: () => answer } });
  }

  /** The answer that is to be sent now, if it is there. */
  due(): DueAnswer | undefined {
    for (;;) {
      const [entry] = this.#entries;
      if (entry?.answer === undefined) return undefined;
      if (!entry.silent) return { answer: entry.answer, version: entry.version };
      if (entry.answer.kind === 'streamed') entry.answer.cancel();
      this.shift();
    }
  }

  /** The due answer was sent. */
  shift(): void {
    const entry = this.#entries.shift();
    if (entry === undefined) return;
    this.#started -= 1;
    this.#answered -= 1;
    this.#end(entry);
    this.startNext();
  }

  /** The client is gone. What runs is left to end; what it gives is dropped. */
  abandon(): void {
    this.#abandoned = true;
    for (const entry of this.#entries.splice(0)) {
      if (entry.answer?.kind === 'streamed') entry.answer.cancel();
      this.#end(entry);
    }
    this.#started = 0;
    this.#answered = 0;
  }

  #end(entry: Entry): void {
    this.#heldBytes -= entry.heldBytes + entry.answerBytes;
    if (entry.answer?.kind === 'streamed') {
      this.#streamed -= 1;
      this.#turns.end(entry.command, entry.call.keys);
    }
    entry.onEnd?.();
  }

  /** Starts what can be started. */
  startNext(): void {
    while (this.#started < this.#entries.length && this.#streamed === 0) {
      const entry = this.#entries[this.#started];
      if (entry === undefined || this.#owner.holds(entry.command)) return;
      const expectedBytes = entry.command.expectedBytes?.(entry.call) ?? 0;
      if (this.#expectedBytes > 0 && this.#expectedBytes + expectedBytes > this.#bounds.bytes) return;
      if (!this.#turns.tryBegin(entry.command, entry.call)) return;
      entry.expectedBytes = expectedBytes;
      this.#expectedBytes += expectedBytes;
      this.#started += 1;
      this.#run(entry);
    }
  }

  #run(entry: Entry): void {
    const { command, call } = entry;
    const { replies } = call.client;
    entry.startedMs = call.front.clock.monotonicMs();
    replies.begin();
    let answer: Answer | Promise<Answer>;
    try {
      answer = command.run(call);
    } catch (error) {
      answer = this.#errorAnswer(error, command);
    }
    entry.version = call.client.version;
    entry.silent = replies.isSilent;
    if (!(answer instanceof Promise)) return this.#settle(entry, answer);
    const settle = (late: Answer) => {
      this.#settle(entry, late);
      if (this.#abandoned) return;
      this.startNext();
      this.#owner.onAnswer();
    };
    answer.then(settle, (error: unknown) => settle(this.#errorAnswer(error, command)));
  }

  #settle(entry: Entry, answer: Answer): void {
    if (this.#abandoned) {
      if (answer.kind === 'streamed') answer.cancel();
      return;
    }
    this.#count(entry, answer);
    entry.answer = answer;
    this.#expectedBytes -= entry.expectedBytes;
    this.#answered += 1;
    if (answer.kind === 'streamed') {
      this.#streamed += 1;
    } else {
      entry.answerBytes = bytesOf(answer);
      this.#heldBytes += entry.answerBytes;
      this.#turns.end(entry.command, entry.call.keys);
    }
  }

  #count({ command, call, startedMs }: Entry, answer: Answer): void {
    if (command.arity === 0) return;
    const { traffic, slowLog, clock } = call.front;
    const micros = Math.round((clock.monotonicMs() - startedMs) * 1000);
    traffic.countCommand(command.name, micros, answer.kind === 'error');
    if (slowLog.takes(micros)) slowLog.add(command.name, call, micros);
  }

  #errorAnswer(error: unknown, command: Command): Answer {
    // What fails once the client is gone fails because of that.
    const isDefect = !this.#abandoned && !(error instanceof ReplyError) && asSionError(error).code === 'internal';
    if (isDefect) this.#owner.onDefect(error, command.name);
    return replyOfError(error);
  }
}

/** Stands for what was refused; its arity is one that no command has. */
const refusedCommand = {
  ...{ name: 'refused', arity: 0, flags: [], group: 'generic', summary: '', since: '' },
} as const satisfies Omit<Command, 'run'>;

/** Bytes that an answer keeps in memory, about. */
function bytesOf(answer: Answer): number {
  if (answer.kind === 'bulk') return answer.bytes.length;
  if (answer.kind !== 'array') return 0;
  return answer.items.reduce((sum, item) => sum + bytesOf(item), 0);
}
