import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { checkPorts } from './port-check.ts';

const resp = { purpose: 'RESP', setting: 'SION_RESP_PORT', host: '127.0.0.1' };
const http = { purpose: 'HTTP', setting: 'SION_HTTP_PORT', host: '127.0.0.1' };

test('a port in use is refused with the setting that changes it, a free one is not', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(checkPorts([{ ...resp, port }])).rejects.toThrow(
    `Port ${port} (RESP) is in use by another process. Stop that process, or set SION_RESP_PORT to another port.`,
  );
  // One port of several may be anybody's; all of them are those of another SION.
  const some = checkPorts([
    { ...resp, port },
    { ...http, port: 0 },
  ]);
  await expect(some).rejects.not.toThrow('another SION');
  await expect(checkPorts([{ ...resp, port }])).rejects.toThrow('Perhaps another SION runs already: npx sion status');
  server.close();
  await once(server, 'close');
  await checkPorts([{ ...resp, port }]);
});

test('two settings with one port are refused, two that ask for any free one are not', async () => {
  await expect(
    checkPorts([
      { ...resp, port: 65_432 },
      { ...http, port: 65_432 },
    ]),
  ).rejects.toThrow('SION_RESP_PORT and SION_HTTP_PORT are both 65432');
  await checkPorts([
    { ...resp, port: 0 },
    { ...http, port: 0 },
  ]);
});

test('an address that this machine does not have is not blamed on another process', async () => {
  await expect(checkPorts([{ ...resp, host: '203.0.113.9', port: 65_432 }])).rejects.toThrow(
    'Port 65432 (RESP) cannot be used: 203.0.113.9 is no address of this machine (EADDRNOTAVAIL). Set SION_HOST',
  );
});
