/**
 * Bytes that break the grammar, or nearly; each on a connection of its own, with all that comes back. An inline line with
 * a NUL is not among them: redis-server waits for ever for its end, SION ends the line there.
 */
export const brokenRequests: readonly string[] = [
  '*1\r\nfoo\r\n',
  '*1\r\n:3\r\nfoo\r\n',
  '*x\r\n',
  '*\r\n',
  '*+1\r\n',
  '*01\r\n',
  '*99999999999999999999\r\n',
  '*2147483648\r\n',
  '*1\r\n$-1\r\n',
  '*1\r\n$x\r\n',
  '*1\r\n$ 4\r\nPING\r\n',
  '*1\r\n$-0\r\n',
  '*1\r\n$536870913\r\n',
  'SET "a\r\n',
  'SET "a"b\r\n',
  "SET 'a'b\r\n",
  'a'.repeat(70_000),
  `*${'1'.repeat(70_000)}`,
  `*1\r\n$${'1'.repeat(70_000)}`,
  '\r\n\n  \r\n*0\r\n*-5\r\nPING\r\nQUIT\r\n',
  '*1\r\n$4xxPINGxxQUIT\r\n',
  '*3\r\n$3\r\nSET\r\n$8\r\nbroken:k\r\n$1\r\nvxx*1\r\n$4\r\nQUIT\r\n',
  'PING\nECHO a c\nQUIT\r\n',
];
