import {
  type ChannelConfig,
  ChannelLedger,
  createChannelDigests,
  createVoucherVerifier,
  type SignedVoucher,
  ZERO_ADDRESS,
} from '@dcml/channel';
import { nativeSecp256k1 } from '@dcml/channel/native';
import { asAddress, asChallenge, asModelHash, systemRandom } from '@dcml/core';
import type { Benchmark } from '../benchmark.ts';
import { syncCpuMicrosOf } from '../median.ts';

const CALLS = 2000;
const ROUNDS = 7;

const key = systemRandom.bytes(32);
const payer = nativeSecp256k1.addressOf(key);
const price = {
  ownerPromptPerMTok: 1_000_000n,
  ownerCompletionPerMTok: 1_000_000n,
  hostPromptPerMTok: 1_000_000n,
  hostCompletionPerMTok: 1_000_000n,
};
const config: ChannelConfig = {
  payer,
  payerAuthorizer: payer,
  host: asAddress(`0x${'b0'.repeat(20)}`),
  owner: asAddress(`0x${'a0'.repeat(20)}`),
  model: asModelHash(`0x${'11'.repeat(32)}`),
  token: ZERO_ADDRESS,
  enclaveKey: asAddress(`0x${'e0'.repeat(20)}`),
  challenge: asChallenge(`0x${'22'.repeat(32)}`),
  price,
  closeWindowSeconds: 3600,
};

export const benchmark: Benchmark = {
  name: 'voucher',
  method: `CPU time of one voucher check (EIP-712 digest and signature), and of a whole admission in the enclave's ledger; median of ${ROUNDS} rounds of ${CALLS}`,
  run: async () => {
    const digests = createChannelDigests({ chainId: 1, contract: asAddress(`0x${'c0'.repeat(20)}`) });
    const channelId = digests.channelId(config);
    const vouchers = Array.from({ length: CALLS }, (_, i): SignedVoucher => {
      const maxClaimableWei = BigInt(10 * (i + 1));
      const signature = nativeSecp256k1.sign(digests.voucher({ channelId, maxClaimableWei }), key);
      return { channelId, maxClaimableWei, signature };
    });
    const verifier = createVoucherVerifier(digests, nativeSecp256k1, { channelId, payerAuthorizer: payer });
    const check = syncCpuMicrosOf(CALLS, ROUNDS, (i) => {
      if (!verifier.verify(vouchers[i]!)) throw new Error('a good voucher was refused');
    });
    let ledger = new ChannelLedger({ config, depositWei: 10n ** 18n, digests, secp256k1: nativeSecp256k1 });
    const admission = syncCpuMicrosOf(CALLS, ROUNDS, (i) => {
      if (i === 0)
        ledger = new ChannelLedger({ config, depositWei: 10n ** 18n, digests, secp256k1: nativeSecp256k1 });
      const prepared = ledger.prepare({
        voucher: vouchers[i]!,
        promptTokens: 2,
        requestedCompletionTokens: 3,
        availableCompletionTokens: 100,
      });
      if (!prepared.admitted) throw new Error(prepared.refusal.code);
      const { reservationId } = prepared.admission;
      ledger.commit(reservationId);
      ledger.deliver(reservationId, { promptTokens: 2, completionTokens: 3 });
      ledger.finish(reservationId);
    });
    const digest = digests.voucher(vouchers[0]!);
    const { signature } = vouchers[0]!;
    const recover = syncCpuMicrosOf(CALLS, ROUNDS, () => nativeSecp256k1.recoverPublicKey(digest, signature));
    return [
      { name: 'bare_recoveries_per_second', value: 1e6 / recover, unit: '1/s per core' },
      { name: 'check_over_bare_recovery', value: check / recover, unit: 'ratio' },
      { name: 'voucher_checks_per_second', value: 1e6 / check, unit: '1/s per core', atLeast: 10_000 },
      { name: 'admissions_per_second', value: 1e6 / admission, unit: '1/s per core' },
    ];
  },
};
