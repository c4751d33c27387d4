/**
 * Folding: mutations of one key that queued behind its store write are decided one after the other against each other's
 * results, and only what the last of them leaves behind is written. Pure.
 */
import type { CurrentObject, Decision, Mutation, ObjectInfo, StagedBytes } from './objects.ts';

/** What one store request has to do. */
export type WritePlan =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'write';
      readonly bytes: StagedBytes | Uint8Array;
      readonly expiresAtMs?: number;
      readonly contentType?: string;
      readonly user?: Readonly<Record<string, string>>;
      /** Which of the mutations it comes from. */
      readonly position: number;
    }
  | { readonly kind: 'expire'; readonly expiresAtMs?: number }
  | { readonly kind: 'delete' };

export type FoldedOutcome =
  | {
      readonly kind: 'result';
      readonly result: unknown;
      /** False when it was decided before any change, and stands whatever becomes of the write. */
      readonly needsWrite: boolean;
      /** What it asked for. */
      readonly decided: Decision<unknown>['kind'];
    }
  | { readonly kind: 'error'; readonly error: unknown };

export interface Folded {
  readonly plan: WritePlan;
  /** Of the first `outcomes.length` mutations; the rest must wait for the write, because they need its value. */
  readonly outcomes: readonly FoldedOutcome[];
  /** Staged bytes that a later mutation overwrote: to be discarded once the write has landed. */
  readonly overwritten: readonly StagedBytes[];
}

/** `current` with its value where any of the mutations needs it and it is not too large. */
export function foldMutations(
  mutations: readonly Mutation<unknown>[],
  current: CurrentObject | undefined,
  nowMs: number,
): Folded {
  const outcomes: FoldedOutcome[] = [];
  const overwritten: StagedBytes[] = [];
  let view = current;
  let plan: WritePlan = { kind: 'none' };
  let changed = false;
  for (const [position, mutation] of mutations.entries()) {
    if (changed && view !== undefined && view.value === undefined && wantsValue(mutation, view)) break;
    let decision: Decision<unknown>;
    try {
      decision = mutation.decide(viewFor(mutation, view), nowMs);
    } catch (error) {
      outcomes.push({ kind: 'error', error });
      continue;
    }
    if (decision.kind !== 'keep') changed = true;
    if (decision.kind === 'write' || decision.kind === 'delete') {
      if (plan.kind === 'write' && !(plan.bytes instanceof Uint8Array)) overwritten.push(plan.bytes);
    }
    plan = nextPlan(plan, decision, current !== undefined, position);
    view = nextView(view, decision, nowMs);
    outcomes.push({ kind: 'result', result: decision.result, needsWrite: changed, decided: decision.kind });
  }
  return { plan, outcomes, overwritten };
}

/** The largest value that any of the mutations wants to see; undefined when none does. */
export function valueLimit(mutations: readonly Mutation<unknown>[]): number | undefined {
  let limit: number | undefined;
  for (const { needs } of mutations) {
    if (typeof needs === 'object') limit = Math.max(limit ?? 0, needs.maxValueBytes);
  }
  return limit;
}

function wantsValue(mutation: Mutation<unknown>, view: CurrentObject): boolean {
  return typeof mutation.needs === 'object' && view.info.sizeBytes <= mutation.needs.maxValueBytes;
}

function viewFor(mutation: Mutation<unknown>, view: CurrentObject | undefined): CurrentObject | undefined {
  if (view?.value === undefined || wantsValue(mutation, view)) return view;
  return { info: view.info };
}

function nextPlan(plan: WritePlan, decision: Decision<unknown>, exists: boolean, position: number): WritePlan {
  switch (decision.kind) {
    case 'keep':
      return plan;
    case 'write': {
      const { result: _, ...write } = decision;
      return { ...write, position };
    }
    case 'expire': {
      if (plan.kind === 'delete' || (plan.kind === 'none' && !exists)) return plan;
      const { expiresAtMs: _, ...rest } = plan.kind === 'write' ? plan : ({ kind: 'expire' } as const);
      return decision.expiresAtMs === undefined ? rest : { ...rest, expiresAtMs: decision.expiresAtMs };
    }
    case 'delete':
      return exists ? { kind: 'delete' } : { kind: 'none' };
  }
}

function nextView(
  view: CurrentObject | undefined,
  decision: Decision<unknown>,
  nowMs: number,
): CurrentObject | undefined {
  switch (decision.kind) {
    case 'keep':
      return view;
    case 'delete':
      return undefined;
    case 'expire': {
      if (view === undefined) return view;
      if (isPast(decision.expiresAtMs, nowMs)) return undefined;
      const { expiresAtMs: _, ...info } = view.info;
      // Its tag will be another one, which nobody knows yet.
      return { ...view, info: withExpiry({ ...info, etag: '' }, decision.expiresAtMs) };
    }
    case 'write': {
      if (isPast(decision.expiresAtMs, nowMs)) return undefined;
      const { bytes, contentType, user } = decision;
      const inline = bytes instanceof Uint8Array;
      const info: ObjectInfo = {
        sizeBytes: inline ? bytes.length : bytes.sizeBytes,
        etag: '',
        version: '',
        modifiedMs: nowMs,
        ...(contentType === undefined ? {} : { contentType }),
        ...(user === undefined ? {} : { user }),
      };
      return { info: withExpiry(info, decision.expiresAtMs), ...(inline ? { value: bytes } : {}) };
    }
  }
}

function isPast(expiresAtMs: number | undefined, nowMs: number): boolean {
  return expiresAtMs !== undefined && expiresAtMs <= nowMs;
}

function withExpiry(info: ObjectInfo, expiresAtMs: number | undefined): ObjectInfo {
  return expiresAtMs === undefined ? info : { ...info, expiresAtMs };
}
