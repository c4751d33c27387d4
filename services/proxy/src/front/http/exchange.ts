/**
 * One request and its answer, beside what every handler needs. Handlers write to the raw response:
 * bodies are streamed with back-pressure, and an answer that breaks must cut the connection, never end it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Log } from '@sion/components';
import type { Key, Objects } from '../../objects/objects.ts';
import type { StatusSource } from '../../status/status.ts';
import type { HttpLimits } from './http-settings.ts';
import type { RequestBill, RequestPrices } from './request-bill.ts';

/** The parts that all requests use. */
export interface FrontParts {
  readonly objects: Objects;
  readonly status: StatusSource;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: HttpLimits;
  readonly prices: RequestPrices;
  /** True once a stop was asked for: answers then end their connection. */
  readonly isStopping: () => boolean;
}

/** One request and its answer. */
export interface Exchange {
  readonly parts: FrontParts;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** In origin form: the path with its query. */
  readonly target: string;
  readonly requestId: string;
  /** What it has caused. */
  readonly bill: RequestBill;
  /** By the monotonic clock. */
  readonly startedMs: number;
  /** Aborts when the client has gone before the answer was complete. */
  readonly signal: AbortSignal;
  /** Headers of every answer, as they are at the moment of writing it. */
  readonly baseHeaders: () => Readonly<Record<string, string>>;
  /** False while the client waits for "100 Continue" and has sent no body yet. */
  bodyInvited: boolean;
}

/** An exchange about one object. */
export interface ObjectExchange extends Exchange {
  readonly key: Key;
}
