/** What a run writes down, and from which its report is made: every request, and everything that was done to the fleet. */
import type { FaultKind } from './fault-plan.ts';
import type { Durability, Protocol } from './requests.ts';

export type RequestKind = 'get' | 'range' | 'set' | 'delete' | 'increment' | 'expire';

export interface RequestRecord {
  /** Since the load began. */
  readonly startMs: number;
  readonly endMs: number;
  readonly protocol: Protocol;
  readonly durability: Durability;
  readonly kind: RequestKind;
  /** Of bodies that were sent or came; 0 of a request that failed. */
  readonly sizeBytes: number;
  /** `ok`, or why there was no answer. */
  readonly code: string;
}

export interface FaultRecord {
  readonly kind: FaultKind;
  /** What was done, for people. */
  readonly text: string;
  /** False when there was nothing to do it to: a part that was down already. */
  readonly isDone: boolean;
  readonly startMs: number;
  /** When what was paused goes on, or what was killed is gone. */
  readonly endMs: number;
  /** When proxy and emulator both answered again; may be before the functions are. */
  readonly backMs: number;
}

/** Something that must not be. */
export interface Problem {
  readonly kind: 'wrong-bytes' | 'history' | 'answer' | 'store-file' | 'undecided' | 'fleet' | 'calm' | 'run';
  readonly text: string;
}
