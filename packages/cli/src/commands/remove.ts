/**
 * `sion rm KEY…` and `sion rm --prefix P`: deletes objects, several at a time, and tells what was and was not deleted.
 * What is deleted by prefix is said and asked for first, unless `--yes` is given; everything at once needs `--all`, so
 * that an empty variable in a script deletes nothing. No delete is sent twice: it could hit an object that somebody has
 * put anew.
 */
import { once } from 'node:events';
import { Agent } from 'node:http';
import { createInterface } from 'node:readline/promises';
import { formatBytes } from '@sion/proxy';
import { CliError, type ExitCode } from '../cli-error.ts';
import type { Address } from '../client/http-call.ts';
import { deleteObject, isHopeless } from '../client/object-calls.ts';
import { listObjects } from '../client/object-list.ts';
import type { ObjectName } from '../client/object-name.ts';
import { writeText } from '../text-output.ts';
import type { Surroundings } from './surroundings.ts';

export interface RemoveRequest {
  readonly http: Address;
  readonly what:
    | { readonly kind: 'keys'; readonly names: readonly ObjectName[] }
    | { readonly kind: 'prefix'; readonly prefix: ObjectName };
  /** Without asking. */
  readonly yes?: boolean;
  /** Says what would be deleted, and deletes nothing. */
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
}

/** Deletes under way at the same time. */
const parallel = 16;
/** Of so many objects at most the question counts; beyond it says "more than". */
const maxCounted = 10_000;
/** So many failures are told one by one. */
const maxTold = 20;

export async function removeObjects(request: RemoveRequest, around: Surroundings): Promise<void> {
  const { http, what } = request;
  const names = what.kind === 'keys' ? what.names : prefixNames(http, what.prefix, around.signal);
  if (request.dryRun === true) return printNames(names, around);
  if (what.kind === 'prefix' && request.yes !== true && !(await agrees(http, what.prefix, around))) {
    throw new CliError(1, 'Nothing was deleted.');
  }
  const removal = new Removal(request, around);
  await removal.run(names);
  await removal.tell();
}

async function* prefixNames(http: Address, prefix: ObjectName, signal: AbortSignal): AsyncGenerator<ObjectName> {
  for await (const { name } of listObjects(http, { prefix }, signal)) yield name;
}

async function printNames(
  names: Iterable<ObjectName> | AsyncIterable<ObjectName>,
  around: Surroundings,
): Promise<void> {
  for await (const { shown } of names) {
    if (!(await writeText(around.output, `${shown}\n`))) return;
  }
}

/** Asks on the terminal; anything but yes is no. */
async function agrees(http: Address, prefix: ObjectName, around: Surroundings): Promise<boolean> {
  const { input, signal } = around;
  if (input.isTTY !== true) {
    throw new CliError(2, 'rm --prefix asks first, and nobody is here to answer. Say --yes, or look with --dry-run.');
  }
  let [count, bytes] = [0, 0];
  for await (const entry of listObjects(http, { prefix, limit: maxCounted + 1 }, signal)) {
    count += 1;
    if (entry.kind === 'object') bytes += entry.sizeBytes;
  }
  if (count === 0) return true;
  const amount = count > maxCounted ? `more than ${maxCounted} objects` : `${objects(count)}, ${formatBytes(bytes)}`;
  const scope = prefix.encoded === '' ? 'everything' : `all that begins with ${prefix.shown}`;
  const questions = createInterface({ input });
  around.errors.write(`Delete ${scope} (${amount})? [y/N] `);
  try {
    // The end of the input is no answer.
    const ended = once(questions, 'close').then(() => '');
    const answer = await Promise.race([questions.question('', { signal }), ended]);
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    questions.close();
  }
}

class Removal {
  readonly #request: RemoveRequest;
  readonly #around: Surroundings;
  #deleted = 0;
  #missing = 0;
  #failed = 0;
  #unknown = 0;
  /** Why asking on is in vain. */
  #hopeless: Error | undefined;

  constructor(request: RemoveRequest, around: Surroundings) {
    this.#request = request;
    this.#around = around;
  }

  async run(names: Iterable<ObjectName> | AsyncIterable<ObjectName>): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: parallel });
    const running = new Set<Promise<void>>();
    try {
      for await (const name of names) {
        if (this.#hopeless !== undefined || this.#around.signal.aborted) break;
        const deletion = this.#delete(name, agent).finally(() => running.delete(deletion));
        running.add(deletion);
        if (running.size >= parallel) await Promise.race(running);
      }
    } catch (error) {
      // The listing has failed; what is under way is waited for, and told.
      this.#hopeless ??= errorOf(error);
    } finally {
      await Promise.all(running);
      agent.destroy();
    }
  }

  /** Says what came of it; throws unless all is gone. */
  async tell(): Promise<void> {
    const { quiet, what } = this.#request;
    const rest = [
      ...(this.#missing === 0 ? [] : [`${this.#missing} not there`]),
      ...(this.#failed === 0 ? [] : [`${this.#failed} not deleted`]),
      ...(this.#unknown === 0 ? [] : [`${this.#unknown} unknown`]),
    ];
    const text = `Deleted ${objects(this.#deleted)}${rest.length === 0 ? '' : ` (${rest.join(', ')})`}.`;
    if (quiet !== true) await writeText(this.#around.output, `${text}\n`);
    if (this.#hopeless !== undefined) throw this.#hopeless;
    this.#around.signal.throwIfAborted();
    const exitCode: ExitCode | undefined =
      this.#unknown > 0 ? 4 : this.#failed > 0 || (what.kind === 'keys' && this.#missing > 0) ? 1 : undefined;
    if (exitCode !== undefined) throw new CliError(exitCode, '');
  }

  /** Never rejects: what goes wrong is counted and told. */
  async #delete(name: ObjectName, agent: Agent): Promise<void> {
    const { http, what } = this.#request;
    try {
      if (await deleteObject(http, name, agent)) {
        this.#deleted += 1;
        return;
      }
      this.#missing += 1;
      if (what.kind === 'keys') this.#say(`There is no object ${name.shown}.`);
    } catch (error) {
      if (isHopeless(error)) {
        this.#hopeless ??= errorOf(error);
        return;
      }
      const unknown = error instanceof CliError && error.exitCode === 4;
      if (unknown) this.#unknown += 1;
      else this.#failed += 1;
      const reason = error instanceof Error ? error.message : String(error);
      if (this.#failed + this.#unknown <= maxTold)
        this.#say(unknown ? reason : `${name.shown} was not deleted: ${reason}`);
    }
  }

  #say(text: string): void {
    this.#around.errors.write(`${text}\n`);
  }
}

function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function objects(count: number): string {
  return count === 1 ? '1 object' : `${count} objects`;
}
