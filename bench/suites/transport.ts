import { encodeUtf8, systemClock } from '@dcml/core';
import { createReplayGuard, generateTransportKey, openRequest, sealRequest } from '@dcml/transport';
import { createNodeTransportCrypto } from '@dcml/transport/node';
import type { Benchmark } from '../benchmark.ts';
import { cpuMicrosOf, syncCpuMicrosOf } from '../median.ts';

const crypto = createNodeTransportCrypto();
const chunk = encodeUtf8(
  `data: ${JSON.stringify({ id: 'chatcmpl-0123456789abcdef0123456789abcdef', object: 'chat.completion.chunk', created: 1_800_000_000, model: 'smollm2-135m', choices: [{ index: 0, delta: { content: ' token' }, logprobs: null, finish_reason: null }] })}\n\n`,
);
const body = encodeUtf8(
  JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(500) }] }),
);

export const benchmark: Benchmark = {
  name: 'transport',
  method:
    'CPU time of the sealed transport in Node: HPKE set-up and sealing of a 500-character request by the client, opening by the enclave, and sealing of one SSE chunk; medians',
  run: async () => {
    const key = await generateTransportKey(crypto);
    const replayGuard = createReplayGuard({ capacity: 100_000, ttlMs: 3_600_000, clock: systemClock });
    const signal = AbortSignal.timeout(60_000);
    const seal = await cpuMicrosOf(200, 7, () => sealRequest({ crypto, publicKey: key.publicKey, body }));
    const sealed = await Promise.all(
      Array.from({ length: 1600 }, () => sealRequest({ crypto, publicKey: key.publicKey, body })),
    );
    let next = 0;
    const open = await cpuMicrosOf(200, 7, async () => {
      const request = sealed[next++]!;
      const { encapsulatedKeyHex } = request;
      const opened = await openRequest({
        crypto,
        key,
        encapsulatedKeyHex,
        body: request.body,
        replayGuard,
        signal,
      });
      return opened.sealResponse();
    });
    const [first] = sealed;
    const fresh = createReplayGuard({ capacity: 10, ttlMs: 3_600_000, clock: systemClock });
    const opened = await openRequest({
      crypto,
      key,
      encapsulatedKeyHex: first!.encapsulatedKeyHex,
      body: first!.body,
      replayGuard: fresh,
      signal,
    });
    const sealer = await opened.sealResponse();
    const perChunk = syncCpuMicrosOf(5000, 9, () => sealer.seal(chunk));
    return [
      { name: 'sealed_chunk_cpu', value: perChunk, unit: 'us', atMost: 25 },
      { name: 'seal_request_cpu', value: seal, unit: 'us' },
      { name: 'open_request_cpu', value: open, unit: 'us' },
    ];
  },
};
