/**
 * A client broke the RESP grammar. The connection answers `-ERR <message>` in Redis's own words and closes: after it,
 * nobody knows where the next command begins.
 */
export class RespProtocolError extends Error {
  override readonly name = 'RespProtocolError';
}

/** Redis's wording for each way to break the grammar (networking.c). */
export const protocolErrors = {
  multibulkLength: 'Protocol error: invalid multibulk length',
  bulkLength: 'Protocol error: invalid bulk length',
  bigInline: 'Protocol error: too big inline request',
  bigMultibulkCount: 'Protocol error: too big mbulk count string',
  bigBulkCount: 'Protocol error: too big bulk count string',
  unbalancedQuotes: 'Protocol error: unbalanced quotes in request',
  /** `byte` is what stood where `$` was expected. */
  expectedDollar: (byte: number) => `Protocol error: expected '$', got '${String.fromCharCode(byte)}'`,
} as const;
