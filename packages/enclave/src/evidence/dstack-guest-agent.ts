import { Fields, fromHex, type JsonObject, parseJson, toHex } from '@dcml/core';
import { EnclaveError } from '../enclave-error.ts';
import { requestOverSocket } from '../host/socket-request.ts';
import type { EvidenceSource, PlatformInfo, PlatformQuote } from './evidence-source.ts';

const ANSWER_LIMIT_BYTES = 4 << 20;
const DEADLINE_MS = 20_000;

/**
 * The dstack guest agent on its Unix socket (public API of Dstack-TEE/dstack, `GetQuote` and `Info`).
 * The agent is outside our trust only in form: what it says is bound by the quote that clients verify.
 * Methods throw `ENCLAVE_PLATFORM`.
 */
export function createDstackEvidenceSource(socketPath: string): EvidenceSource {
  const call = async (path: string, body: JsonObject, signal: AbortSignal): Promise<Fields> => {
    try {
      const answer = await requestOverSocket(
        { socketPath, method: 'POST', path, body: JSON.stringify(body), limitBytes: ANSWER_LIMIT_BYTES },
        AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
      );
      if (answer.status !== 200) throw new Error(`status ${answer.status}`);
      return new Fields(
        parseJson(answer.text, { maxLength: ANSWER_LIMIT_BYTES, maxDepth: 16 }),
        `guest agent ${path}`,
      );
    } catch (cause) {
      throw new EnclaveError('ENCLAVE_PLATFORM', `the guest agent at ${socketPath} did not answer ${path}`, {
        cause,
      });
    }
  };
  return {
    async info(signal): Promise<PlatformInfo> {
      const info = await call('/Info', {}, signal);
      const tcbInfo = new Fields(
        parseJson(info.string('tcb_info', ANSWER_LIMIT_BYTES), {
          maxLength: ANSWER_LIMIT_BYTES,
          maxDepth: 16,
        }),
        'guest agent tcb_info',
      );
      return {
        appCompose: tcbInfo.string('app_compose', ANSWER_LIMIT_BYTES),
        simulated: info.optional('simulated') === true,
      };
    },
    async quote(reportData, signal): Promise<PlatformQuote> {
      const answer = await call('/GetQuote', { report_data: toHex(reportData) }, signal);
      const quote = answer.string('quote', ANSWER_LIMIT_BYTES);
      fromHex(quote, 'guest agent quote');
      return {
        teeType: 'tdx',
        evidence: { quote, event_log: answer.string('event_log', ANSWER_LIMIT_BYTES) },
      };
    },
  };
}
