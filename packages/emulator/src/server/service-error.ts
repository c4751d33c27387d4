/** Lambda's own errors as its REST API sends them: status, `x-amzn-errortype`, and a JSON body. */
import type { ServerResponse } from 'node:http';
import type { ThrottleReason } from '../model/events.ts';
import { sendJson } from './http.ts';

/** An error of the service, before the function ran. */
export interface ServiceError {
  readonly status: number;
  readonly type: string;
  readonly message: string;
  /** TooManyRequestsException only. */
  readonly reason?: ThrottleReason;
  readonly retryAfterMs?: number;
}

export function functionNotFound(arn: string): ServiceError {
  return { status: 404, type: 'ResourceNotFoundException', message: `Function not found: ${arn}` };
}

export function tooManyRequests(reason: ThrottleReason, retryAfterMs: number): ServiceError {
  return { status: 429, type: 'TooManyRequestsException', message: 'Rate Exceeded.', reason, retryAfterMs };
}

export function requestTooLarge(limitBytes: number): ServiceError {
  return {
    status: 413,
    type: 'RequestTooLargeException',
    message: `Request must be smaller than ${limitBytes} bytes for the InvokeFunction operation`,
  };
}

/** Inactive: the answer to the invocation that wakes it. Pending: the answer until it is Active again. */
export function notReady(state: 'Inactive' | 'Pending'): ServiceError {
  if (state === 'Pending') {
    const message =
      'The operation cannot be performed at this time. The function is currently in the following state: Pending';
    return { status: 409, type: 'ResourceConflictException', message };
  }
  const message =
    'The function is inactive and its resources must be created anew. Wait for it to be Active and try again.';
  return { status: 502, type: 'ResourceNotReadyException', message };
}

/** Sends it. `Retry-After` is in whole seconds, as HTTP wants it, and at least one. */
export function sendServiceError(response: ServerResponse, requestId: string, error: ServiceError): void {
  const { status, type, message, reason, retryAfterMs } = error;
  const fault = status >= 500 ? 'Service' : 'User';
  const body = { Type: fault, message, ...(reason === undefined ? {} : { Reason: reason }) };
  const retryAfter =
    retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) };
  sendJson(response, status, body, { 'x-amzn-RequestId': requestId, 'x-amzn-ErrorType': type, ...retryAfter });
}
