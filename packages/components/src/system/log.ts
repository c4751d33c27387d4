/**
 * The system form of {@link Log}: one JSON line per event on standard error, written by pino. Lines are written
 * synchronously, so that the last words before a crash are not lost; what is hot logs at `debug` or not at all.
 */
import { destination, type Logger, type LoggerOptions, pino, stdSerializers } from 'pino';
import type { Log } from '../log.ts';

/** The levels of {@link openLog}, from the most talkative; `silent` writes nothing. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;

export type LogLevel = (typeof logLevels)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** Which part of SION speaks, e.g. `proxy`; on each line. */
  readonly service: string;
  /** Takes the lines, each with its line feed; standard error when absent. */
  readonly write?: (line: string) => void;
}

/**
 * A log of JSON lines: `{"level":"info","time":"2026-11-23T12:00:00.000Z","service":"proxy","event":"started",…}`.
 * Errors among the fields are written with type, message, code and stack.
 */
export function openLog(options: LogOptions): Log {
  const { write } = options;
  const stream = write === undefined ? destination({ fd: 2, sync: true }) : { write };
  return wrap(pino(loggerOptions(options), stream));
}

function loggerOptions(options: LogOptions): LoggerOptions {
  return {
    level: options.level,
    base: { service: options.service },
    messageKey: 'event',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }), log: withSerializedErrors },
  };
}

function withSerializedErrors(fields: Record<string, unknown>): Record<string, unknown> {
  const names = Object.keys(fields).filter((name) => fields[name] instanceof Error);
  if (names.length === 0) return fields;
  const written = { ...fields };
  for (const name of names) {
    const value = fields[name];
    if (value instanceof Error) written[name] = stdSerializers.err(value);
  }
  return written;
}

function wrap(logger: Logger): Log {
  return {
    debug: (event, fields) => logger.debug({ ...fields }, event),
    info: (event, fields) => logger.info({ ...fields }, event),
    warn: (event, fields) => logger.warn({ ...fields }, event),
    error: (event, fields) => logger.error({ ...fields }, event),
    child: (fields) => wrap(logger.child({ ...fields })),
  };
}
