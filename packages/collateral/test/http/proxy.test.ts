import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { exchange } from '../../src/http/exchange.ts';

it('goes through the proxy of the environment to https services, but for NO_PROXY', async () => {
  const asked: string[] = [];
  const proxy = createServer().on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const variables = {
    HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    NO_PROXY: '127.0.0.1',
  };
  const ask = (url: string): Promise<unknown> =>
    exchange({
      url: new URL(url),
      accept: '*/*',
      maxBytes: 100,
      timeoutMs: 5000,
      signal: new AbortController().signal,
      proxy: variables,
    });
  await expect(ask('https://pccs.invalid/x')).rejects.toMatchObject({ code: 'COLLATERAL_UNREACHABLE' });
  expect(asked).toEqual(['pccs.invalid:443']);
  await expect(ask('https://127.0.0.1:1/x')).rejects.toMatchObject({ code: 'COLLATERAL_UNREACHABLE' });
  expect(asked).toHaveLength(1);
  proxy.close();
});
