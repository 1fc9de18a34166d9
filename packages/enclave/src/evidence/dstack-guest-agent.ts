import { Fields, fromHex, type JsonObject, parseJson, toHex } from '@dcml/core';
import type { DeviceEvidence } from '@dcml/receipt';
import { requestOverSocket } from '../host/socket-request.ts';
import { assertQuoteBinds } from './bound-report-data.ts';
import type { EvidenceSource } from './evidence-source.ts';
import { readNvattestAnswer } from './nvattest-answer.ts';
import { assertDeviceNonce, assertReportData, callPlatform, platformError } from './platform-call.ts';
import { assertEventName } from './runtime-event.ts';

const ANSWER_LIMIT_BYTES = 4 << 20;
const LIMITS = { maxLength: ANSWER_LIMIT_BYTES, maxDepth: 16 };
/** Evidence of NVIDIA devices in the agent's answer to `AttestGpu`. */
const NVATTEST_FORMAT = 'nvidia-nvattest-collect-evidence-json-v1';

export interface DstackAgentOptions {
  readonly socketPath: string;
  readonly deadlineMs: number;
}

/** `AttestGpu` collects GPUs only; switches need `nvattest`. */
function readBundles(answer: Fields, nonce: Uint8Array): DeviceEvidence[] {
  const bundles = answer.array('bundles', 16).map((item) => new Fields(item, 'guest agent bundle'));
  return bundles.flatMap((bundle) => {
    if (bundle.string('vendor') !== 'nvidia' || bundle.string('format') !== NVATTEST_FORMAT) {
      throw platformError('the guest agent gave device evidence in a form that nobody can verify here');
    }
    const bytes = fromHex(bundle.string('evidence', ANSWER_LIMIT_BYTES), 'guest agent evidence');
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return readNvattestAnswer(parseJson(text, LIMITS), 'gpu', nonce);
  });
}

/**
 * The dstack guest agent on its Unix socket (Dstack-TEE/dstack, sdk/curl/api.md and agent_rpc.proto): `GetQuote`,
 * `Info` and `EmitEvent` of the surface that stays as it is, and `AttestGpu` of version 1. TDX only: on SEV-SNP the
 * agent has no `GetQuote`. It is outside our trust except in form: what it says is bound by the quote.
 */
export function createDstackEvidenceSource(options: DstackAgentOptions): EvidenceSource {
  const { socketPath, deadlineMs } = options;
  const call = async <Value>(
    path: string,
    body: JsonObject,
    signal: AbortSignal,
    read: (text: string) => Value,
  ): Promise<Value> =>
    callPlatform({ what: `the guest agent's ${path}`, deadlineMs, signal }, async (running) => {
      const answer = await requestOverSocket(
        // No connection is kept: the agent may have closed it in the meantime.
        {
          socketPath,
          method: 'POST',
          path,
          body: JSON.stringify(body),
          limitBytes: ANSWER_LIMIT_BYTES,
          agent: false,
        },
        running,
      );
      if (answer.status !== 200)
        throw platformError(`the guest agent refused ${path}, status ${answer.status}`);
      return read(answer.text);
    });
  const fieldsOf = (text: string): Fields => new Fields(parseJson(text, LIMITS), 'guest agent');
  return {
    info: (signal) =>
      call('/Info', {}, signal, (text) => {
        const info = fieldsOf(text);
        const tcbInfo = fieldsOf(info.string('tcb_info', ANSWER_LIMIT_BYTES));
        return {
          teeType: 'tdx',
          appCompose: tcbInfo.string('app_compose', ANSWER_LIMIT_BYTES),
          simulated: info.optional('simulated') === true,
        };
      }),
    quote: async (reportData, signal) => {
      assertReportData(reportData);
      return call('/GetQuote', { report_data: toHex(reportData) }, signal, (text) => {
        const answer = fieldsOf(text);
        const quote = answer.string('quote', ANSWER_LIMIT_BYTES);
        assertQuoteBinds(fromHex(quote, 'guest agent quote'), reportData);
        return {
          teeType: 'tdx',
          evidence: { quote, event_log: answer.string('event_log', ANSWER_LIMIT_BYTES) },
        };
      });
    },
    // Agents of version 0.6 and later refuse it: there only the system extends RTMR3.
    extend: async ({ name, payload }, signal) => {
      assertEventName(name);
      await call('/EmitEvent', { event: name, payload: toHex(payload) }, signal, () => undefined);
    },
    devices: async (nonce, signal) => {
      assertDeviceNonce(nonce);
      return call('/v1/AttestGpu', { nonce: toHex(nonce) }, signal, (text) =>
        readBundles(fieldsOf(text), nonce),
      );
    },
  };
}
