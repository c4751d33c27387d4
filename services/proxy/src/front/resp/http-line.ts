/** Requests of HTTP that come to the RESP port. */

/**
 * A line of an HTTP request that nothing of RESP looks like. A web page can make a browser send such a request here, with
 * commands as its body: as in Redis, nothing behind this line is taken.
 */
export function isHttp(args: readonly Buffer[]): boolean {
  const [name] = args;
  if (name === undefined || (name.length !== 4 && name.length !== 5)) return false;
  return ['post', 'host:'].includes(name.toString('latin1').toLowerCase());
}
