import { asChannelId, canonicalizeJson, type JsonObject, type JsonValue, parseJson } from '@dcml/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signCloseApproval, signOffer } from '../src/signed-messages.ts';
import type { SignedCloseApproval } from '../src/types.ts';
import { decodeSignedCloseApproval, encodeSignedCloseApproval } from '../src/wire/approval-codec.ts';
import {
  decodeChannelConfig,
  decodePriceTerms,
  encodeChannelConfig,
  encodePriceTerms,
} from '../src/wire/config-codec.ts';
import {
  decodeOfferRequest,
  decodeSignedOffer,
  encodeOfferRequest,
  encodeSignedOffer,
} from '../src/wire/offer-codec.ts';
import { decodePayerState, encodePayerState } from '../src/wire/payer-state-codec.ts';
import {
  decodeChallengeGrant,
  decodeChannelRequest,
  encodeChallengeGrant,
  encodeChannelRequest,
} from '../src/wire/request-codec.ts';
import { decodeChannelStatus, encodeChannelStatus } from '../src/wire/status-codec.ts';
import { decodeVoucherRecord, encodeVoucherRecord } from '../src/wire/voucher-codec.ts';
import {
  anyConfig,
  channelId,
  config,
  digests,
  enclaveKey,
  hexOf,
  hostKey,
  secp,
  signer,
  uint,
} from './channel-fixtures.ts';

const sign = (digest: Uint8Array): `0x${string}` => secp.sign(digest, enclaveKey);
const approval: SignedCloseApproval = signCloseApproval(digests, sign, {
  channelId,
  charge: { ownerWei: 30n, hostWei: 70n },
  voucher: signer.voucher(100n),
});
const usage = { promptTokens: 10n, completionTokens: 20n };

interface Codec {
  readonly name: string;
  readonly json: JsonObject;
  readonly decode: (json: JsonValue) => unknown;
  readonly value: unknown;
}
const codec = <Value>(
  name: string,
  value: Value,
  encode: (value: Value) => JsonObject,
  decode: (json: JsonValue) => Value,
): Codec => ({ name, json: encode(value), decode, value });

const codecs: readonly Codec[] = [
  codec('price', config.price, encodePriceTerms, (json) => decodePriceTerms(json)),
  codec('config', config, encodeChannelConfig, (json) => decodeChannelConfig(json)),
  codec('approval', approval, encodeSignedCloseApproval, (json) => decodeSignedCloseApproval(json)),
  codec('approval without voucher', { ...approval, voucher: null }, encodeSignedCloseApproval, (json) =>
    decodeSignedCloseApproval(json),
  ),
  codec('voucher record', { config, voucher: signer.voucher(7n) }, encodeVoucherRecord, (json) =>
    decodeVoucherRecord(json),
  ),
  codec('offer request', { config, depositWei: 9n }, encodeOfferRequest, (json) => decodeOfferRequest(json)),
  codec(
    'offer',
    signOffer(digests, secp, hostKey, { channelId, maxDepositWei: 5n, expiresAt: 1_800_000_000 }),
    encodeSignedOffer,
    (json) => decodeSignedOffer(json),
  ),
  codec('channel request', signer.request('close', 1_800_000_000), encodeChannelRequest, (json) =>
    decodeChannelRequest(json, channelId, 'close'),
  ),
  codec(
    'challenge',
    { challenge: config.challenge, enclaveKey: config.enclaveKey, expiresAt: 1_800_000_000 },
    encodeChallengeGrant,
    (json) => decodeChallengeGrant(json),
  ),
  codec(
    'status',
    {
      channelId,
      status: 'open' as const,
      depositWei: 1000n,
      authorizedWei: 100n,
      charge: approval.charge,
      usage,
      inFlight: 2,
    },
    encodeChannelStatus,
    (json) => decodeChannelStatus(json),
  ),
  codec(
    'payer state',
    {
      channelId,
      depositWei: 9n,
      authorizedWei: 8n,
      usage,
      inFlight: { '3': usage, '4': usage },
      nextRequestId: 5,
    },
    encodePayerState,
    (json) => decodePayerState(json),
  ),
];

/** Every object of the document, by the path of keys that leads to it. */
function objectsIn(json: JsonValue, path: readonly string[] = []): (readonly string[])[] {
  if (json === null || typeof json !== 'object') return [];
  const own = Array.isArray(json) ? [] : [path];
  return [
    ...own,
    ...Object.entries(json).flatMap(([key, value]) => objectsIn(value as JsonValue, [...path, key])),
  ];
}

/** A copy in which the object at `path` was changed. */
function withChange(
  json: JsonObject,
  path: readonly string[],
  change: (at: Record<string, JsonValue>) => void,
): JsonValue {
  const copy = JSON.parse(JSON.stringify(json)) as Record<string, JsonValue>;
  change(path.reduce((at, key) => at[key] as unknown as Record<string, JsonValue>, copy));
  return copy;
}

const isTyped = (error: unknown): boolean =>
  /^(CORE_FIELD|CORE_ENCODING|CHANNEL_SIGNATURE|CHANNEL_CONFIG)$/.test(
    (error as { code?: string }).code ?? '',
  );

describe.each(codecs)('wire: $name', ({ json, decode, value }) => {
  it('comes back the same through text', () => {
    expect(decode(parseJson(canonicalizeJson(json)))).toEqual(value);
  });

  it('refuses a missing, an unknown and a wrongly typed field, at every level', () => {
    for (const path of objectsIn(json)) {
      expect(() => decode(withChange(json, path, (at) => (at['surprise'] = 1)))).toThrow(
        expect.objectContaining({ code: 'CORE_FIELD' }),
      );
      const keys = Object.keys(
        path.reduce<JsonValue>((at, key) => (at as JsonObject)[key]!, json) as JsonObject,
      );
      for (const key of keys) {
        const without = withChange(json, path, (at) => delete at[key]);
        expect(() => decode(without)).toThrow(expect.objectContaining({ code: 'CORE_FIELD' }));
        for (const wrong of [true, -1, 0.5, 'x', '', [1], {}]) {
          const changed = withChange(json, path, (at) => (at[key] = wrong as JsonValue));
          expect(() => decode(changed)).toThrow(expect.toSatisfy(isTyped));
        }
      }
    }
  });

  it.each([null, 'text', 5, true, []])('refuses %j in its place (CORE_FIELD)', (wrong) => {
    expect(() => decode(wrong as JsonValue)).toThrow(expect.objectContaining({ code: 'CORE_FIELD' }));
  });
});

describe('wire: one text per value', () => {
  const refuse = (decode: () => unknown): void => expect(decode).toThrow(expect.toSatisfy(isTyped));
  const json = encodeChannelConfig(config);

  it('refuses capitals, short values and numbers as money', () => {
    refuse(() => decodeChannelConfig({ ...json, payer: config.payer.toUpperCase().replace('0X', '0x') }));
    refuse(() => decodeChannelConfig({ ...json, model: config.model.slice(0, -2) }));
    refuse(() => decodePriceTerms({ ...encodePriceTerms(config.price), host_prompt_per_mtok: 5 }));
    for (const text of ['05', '+5', '5 ', '0x5', '5e3', '-5', '5.0', String(1n << 128n)]) {
      refuse(() => decodePriceTerms({ ...encodePriceTerms(config.price), host_prompt_per_mtok: text }));
    }
  });

  it('refuses a signature that is not strict (CHANNEL_SIGNATURE)', () => {
    const loose = `${approval.enclaveSignature.slice(0, 130)}00`;
    expect(() =>
      decodeSignedCloseApproval({ ...encodeSignedCloseApproval(approval), enclave_signature: loose }),
    ).toThrow(
      expect.objectContaining({
        code: 'CHANNEL_SIGNATURE',
        message: expect.stringContaining('approval.enclave_signature'),
      }),
    );
  });

  it('refuses a channel that cannot exist (CHANNEL_CONFIG)', () => {
    expect(() => decodeChannelConfig({ ...json, close_window_seconds: 0 })).toThrow(
      expect.objectContaining({ code: 'CHANNEL_CONFIG' }),
    );
  });

  it('refuses a damaged payer state', () => {
    const state = encodePayerState({
      channelId,
      depositWei: 9n,
      authorizedWei: 8n,
      usage,
      inFlight: { '3': usage },
      nextRequestId: 5,
    });
    refuse(() => decodePayerState({ ...state, authorized: '10' }));
    refuse(() => decodePayerState({ ...state, next_request_id: 3 }));
    const entry = (state['in_flight'] as readonly JsonValue[])[0]!;
    refuse(() => decodePayerState({ ...state, in_flight: [entry, entry] }));
  });

  it('refuses to write a token count that a JSON number cannot hold', () => {
    const status = {
      channelId,
      status: 'open' as const,
      depositWei: 0n,
      authorizedWei: 0n,
      charge: approval.charge,
      inFlight: 0,
    };
    for (const promptTokens of [-1n, 1n << 53n]) {
      refuse(() => encodeChannelStatus({ ...status, usage: { promptTokens, completionTokens: 0n } }));
    }
  });
});

it('wire: any configuration and amount comes back the same', () => {
  fc.assert(
    fc.property(anyConfig, uint(128n), hexOf(32), (anyOne, amount, id) => {
      expect(decodeChannelConfig(parseJson(JSON.stringify(encodeChannelConfig(anyOne))))).toEqual(anyOne);
      const request = { config: anyOne, depositWei: amount };
      expect(decodeOfferRequest(encodeOfferRequest(request))).toEqual(request);
      const signed = {
        ...approval,
        channelId: asChannelId(id),
        charge: { ownerWei: amount, hostWei: amount },
        voucher: null,
      };
      expect(decodeSignedCloseApproval(encodeSignedCloseApproval(signed))).toEqual(signed);
    }),
  );
});
