import { CoreError, Fields, fromHex, type JsonObject, parseJson, sha256, toHex } from '@dcml/core';
import { encodeEventLog } from './runtime-registers.ts';
import type { SimulatedGuest } from './simulated-guest.ts';

/** A request that the agent refuses, with its HTTP status. */
export class AgentRequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'AgentRequestError';
    this.status = status;
  }
}

const VM_CONFIG = JSON.stringify({ spec_version: 1, cpu_count: 1, image: 'dcml-SIMULATED' });

function readArguments(url: URL, body: string): Fields {
  const query: JsonObject = Object.fromEntries(url.searchParams);
  return new Fields(body === '' ? query : parseJson(body), 'request');
}

function getQuote(guest: SimulatedGuest, fields: Fields): JsonObject {
  const given = fromHex(fields.string('report_data').toLowerCase(), 'report_data');
  if (given.length > 64) throw new AgentRequestError(400, 'report_data is longer than 64 bytes');
  const reportData = new Uint8Array(64);
  reportData.set(given);
  return {
    quote: toHex(guest.quote(reportData)),
    event_log: encodeEventLog(guest.events()),
    report_data: toHex(reportData),
    vm_config: VM_CONFIG,
  };
}

function info(guest: SimulatedGuest): JsonObject {
  const image = guest.events().find((event) => event.event === 'os-image-hash');
  return {
    app_id: guest.appId,
    instance_id: guest.instanceId,
    app_cert: '',
    tcb_info: guest.tcbInfo(),
    app_name: 'dcml',
    device_id: toHex(sha256(fromHex(guest.instanceId))),
    mr_aggregated: '',
    os_image_hash: image?.eventPayload ?? '',
    key_provider_info: '{"name":"none","id":""}',
    compose_hash: guest.composeHash,
    vm_config: VM_CONFIG,
    simulated: true,
  };
}

/**
 * One call of the guest agent's interface (Dstack-TEE/dstack, sdk/curl/api.md): `GetQuote`, `Info`, `EmitEvent`,
 * arguments as JSON body or query. Throws `AgentRequestError`.
 */
export function answerAgentRequest(guest: SimulatedGuest, url: URL, body: string): string {
  try {
    switch (url.pathname) {
      case '/GetQuote':
        return JSON.stringify(getQuote(guest, readArguments(url, body)));
      case '/Info':
        return JSON.stringify(info(guest));
      case '/EmitEvent': {
        const fields = readArguments(url, body);
        guest.emit(fields.string('event'), fromHex(fields.string('payload'), 'payload'));
        return '';
      }
      default:
        throw new AgentRequestError(404, `no method ${url.pathname}`);
    }
  } catch (error) {
    if (error instanceof CoreError) throw new AgentRequestError(400, error.message);
    throw error;
  }
}
