import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex, systemRandom, toHex } from '@dcml/core';
import { createSimulatedVendor, replayRegisters, startSimulatedGuestAgent } from '@dcml/testing';
import { describeEvidenceSource } from '@dcml/testing/evidence-source';
import { createDstackEvidenceSource } from '../../src/evidence/dstack-guest-agent.ts';
import { openFaultySocket } from './faulty-socket.ts';

const CANARY = 'canary-5e1f-in-the-answer';
const APP_COMPOSE = '{"name":"conformance"}';

describeEvidenceSource('a dstack guest agent', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'dcml-dstack-canary-'));
  const stop = new AbortController();
  const agent = await startSimulatedGuestAgent({
    socketPath: join(directory, 'inner.sock'),
    vendor: createSimulatedVendor({ random: systemRandom, nowMs: Date.parse('2026-11-01T00:00:00Z') }),
    appCompose: APP_COMPOSE,
    signal: stop.signal,
  });
  const socketPath = join(directory, 'agent.sock');
  const body = JSON.stringify({ quote: CANARY, event_log: CANARY });
  const answer = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`;
  const proxy = await openFaultySocket(socketPath, agent.socketPath, answer);
  const open = (deadlineMs: number) => createDstackEvidenceSource({ socketPath, deadlineMs });
  return {
    source: open(20_000),
    withDeadline: open,
    setFault: (fault) => proxy.setFault(fault),
    // REPORTDATA of a version 4 quote.
    boundData: ({ evidence }) => fromHex(evidence['quote'] as string).subarray(568, 632),
    canaries: [CANARY, directory],
    appCompose: APP_COMPOSE,
    readRegister: async () => fromHex(toHex(replayRegisters(agent.guest.events())[3]!)),
    dispose: async () => {
      await proxy.close();
      stop.abort();
      await agent.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
});
