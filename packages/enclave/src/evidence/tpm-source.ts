import { readFile } from 'node:fs/promises';
import { decodeUtf8, sha256, toBase64, toHex } from '@dcml/core';
import { attestationKeyTemplate, createPrimary, type TpmKey } from '../tpm/attestation-key.ts';
import { flushContext, transientHandles } from '../tpm/flush-context.ts';
import { nvRead } from '../tpm/nv.ts';
import { extendPcr } from '../tpm/pcr.ts';
import { quote, type TpmQuoteAnswer } from '../tpm/quote.ts';
import { Tpm } from '../tpm/tpm.ts';
import { RC_OBJECT_MEMORY } from '../tpm/tpm-constants.ts';
import { TpmError } from '../tpm/tpm-error.ts';
import type { TpmTransport } from '../tpm/tpm-transport.ts';
import type { EvidenceSource, PlatformQuote } from './evidence-source.ts';
import { assertReportData, callPlatform } from './platform-call.ts';
import { readComposeFile } from './read-compose.ts';
import { runtimeEventBytes } from './runtime-event.ts';

/** The register that applications may extend at run time (PC Client profile). */
const EVENT_PCR = 23;

/** Where the attestation key comes from: made from our template, from a template in the TPM, or there already. */
export type TpmKeySource =
  | { readonly kind: 'primary' }
  | { readonly kind: 'nv-template'; readonly index: number }
  | { readonly kind: 'persistent'; readonly handle: number };

export interface TpmSourceOptions {
  readonly transport: TpmTransport;
  readonly key: TpmKeySource;
  /** PEM of the attestation key's certificate and its issuers; the operator gets it from the platform. */
  readonly certificateFile: string;
  readonly composeFile: string;
  /** Registers of the SHA-256 bank that a quote covers. */
  readonly pcrs: readonly number[];
  readonly deadlineMs: number;
}

function encodeQuote(answer: TpmQuoteAnswer, chainPem: string): PlatformQuote {
  const pcrs = [...answer.pcrs].map(([pcr, value]) => [String(pcr), toHex(value)] as const);
  return {
    teeType: 'tpm',
    evidence: {
      message_b64: toBase64(answer.message),
      signature_b64: toBase64(answer.signature),
      bank: 'sha256',
      pcrs: Object.fromEntries(pcrs),
      ak_chain_pem: chainPem,
    },
  };
}

/** An aborted call leaves its key in the TPM, where there is room for three: make room by removing all. */
async function createInRoom(tpm: Tpm, template: Uint8Array, signal: AbortSignal): Promise<TpmKey> {
  try {
    return await createPrimary(tpm, template, signal);
  } catch (error) {
    if (!(error instanceof TpmError) || error.responseCode !== RC_OBJECT_MEMORY) throw error;
    for (const handle of await transientHandles(tpm, signal)) await flushContext(tpm, handle, signal);
    return createPrimary(tpm, template, signal);
  }
}

/**
 * A TPM 2.0 by itself: it proves what was booted, but keeps nobody out of memory. The quote binds SHA-256 of the
 * report data, since small TPMs take no 64 bytes. Run-time events go to PCR 23. Throws `ENCLAVE_PLATFORM`.
 */
export function createTpmSource(options: TpmSourceOptions): EvidenceSource {
  const { deadlineMs, key } = options;
  const tpm = new Tpm(options.transport);
  let last: Promise<unknown> = Promise.resolve();
  /** One user of key slots at a time: emptying the TPM must not take another quote's key away. */
  const inTurn = <Value>(run: () => Promise<Value>): Promise<Value> => {
    const turn = last.then(run);
    last = turn.catch(() => {});
    return turn;
  };
  const quoteOver = async (reportData: Uint8Array, signal: AbortSignal): Promise<TpmQuoteAnswer> => {
    const data = sha256(reportData);
    if (key.kind === 'persistent') return quote(tpm, key.handle, data, options.pcrs, signal);
    const template = key.kind === 'primary' ? attestationKeyTemplate() : await nvRead(tpm, key.index, signal);
    const { handle } = await createInRoom(tpm, template, signal);
    try {
      return await quote(tpm, handle, data, options.pcrs, signal);
    } finally {
      await flushContext(tpm, handle, signal).catch(() => {});
    }
  };
  return {
    info: (signal) =>
      callPlatform({ what: 'reading the compose file', deadlineMs, signal }, async (running) => ({
        teeType: 'tpm',
        appCompose: await readComposeFile(options.composeFile, running),
        // No root of a TPM counts as hardware, so every verifier shows it as simulated.
        simulated: true,
      })),
    quote: async (reportData, signal) => {
      assertReportData(reportData);
      return callPlatform({ what: 'making a TPM quote', deadlineMs, signal }, async (running) => {
        const chain = decodeUtf8(await readFile(options.certificateFile, { signal: running }));
        const answer = await inTurn(() => quoteOver(reportData, running));
        return encodeQuote(answer, chain);
      });
    },
    extend: async (event, signal) => {
      const digest = sha256(runtimeEventBytes(event));
      await callPlatform({ what: 'extending a register', deadlineMs, signal }, (running) =>
        extendPcr(tpm, EVENT_PCR, digest, running),
      );
    },
  };
}
