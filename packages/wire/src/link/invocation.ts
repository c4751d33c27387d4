/**
 * The payload with which the proxy invokes a node, and what the node's handler returns: JSON, as Lambda wants it.
 */
import { SionError } from '../errors.ts';

/** Opens a session: dial `host:port`, say hello with `token`. Or, with `warmup`, return at once. */
export interface InvocationPayload {
  readonly v: 1;
  readonly kind: 'session' | 'warmup';
  readonly node: string;
  readonly host: string;
  readonly port: number;
  readonly epoch: number;
  readonly session: number;
  readonly token: string;
}

/** How the session ended, as the node saw it. */
export interface InvocationResult {
  readonly v: 1;
  readonly instance: string;
  readonly ended: 'end' | 'warmup' | 'link-lost' | 'silence' | 'refused' | 'deadline' | 'unreachable' | 'epoch';
  /** Chunks and bytes held on return. */
  readonly chunks: number;
  readonly bytes: number;
}

export function encodeInvocation(payload: InvocationPayload): Uint8Array {
  return Buffer.from(JSON.stringify(payload));
}

/** Checks an invocation's event, as the runtime parsed it; throws `invalid` with the field that is wrong. */
export function readInvocation(event: unknown): InvocationPayload {
  const fields = readRecord(event, 'invocation');
  if (fields['v'] !== 1) throw new SionError('invalid', `invocation: v must be 1, got ${String(fields['v'])}`);
  const kind = fields['kind'];
  if (kind !== 'session' && kind !== 'warmup') {
    throw new SionError('invalid', `invocation: kind must be session or warmup, got ${String(kind)}`);
  }
  return {
    v: 1,
    kind,
    node: readText(fields, 'node'),
    host: readText(fields, 'host'),
    port: readWhole(fields, 'port', 65_535),
    epoch: readWhole(fields, 'epoch', 0xffff_ffff),
    session: readWhole(fields, 'session', 0xffff_ffff),
    token: readText(fields, 'token'),
  };
}

function readRecord(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new SionError('invalid', `${what}: must be a JSON object`);
}

function readText(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && value.length > 0 && value.length <= 256) return value;
  throw new SionError('invalid', `invocation: ${name} must be a text of 1 to 256 characters`);
}

function readWhole(fields: Record<string, unknown>, name: string, max: number): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new SionError('invalid', `invocation: ${name} must be a whole number from 0 to ${max}`);
}
