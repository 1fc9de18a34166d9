import type { ChannelChainStatus } from '@dcml/chain';
import type { ChannelConfig, SignedCloseApproval, SignedVoucher } from '@dcml/channel';
import { EnclaveError } from '../../src/enclave-error.ts';
import type { HostLedger } from '../../src/host/host-ledger.ts';

/** A host that keeps what it is told in memory and shows the chain that a test wants. */
export interface FakeHost extends HostLedger {
  readonly vouchers: SignedVoucher[];
  readonly approvals: SignedCloseApproval[];
  /** What `channel(bytes32)` answers. */
  chain: { status: ChannelChainStatus; depositWei: bigint };
  down: boolean;
  /** How often the chain was read. */
  chainReads: number;
}

const STATUS_NUMBER = { none: 0, open: 1, closing: 2, closed: 3 } as const;
const word = (value: bigint): string => value.toString(16).padStart(64, '0');

export function createFakeHost(): FakeHost {
  const answering = (): void => {
    if (host.down) throw new EnclaveError('ENCLAVE_HOST_UNREACHABLE', 'the host daemon is down');
  };
  const host: FakeHost = {
    vouchers: [],
    approvals: [],
    chain: { status: 'open', depositWei: 1_000_000n },
    down: false,
    chainReads: 0,
    register: async () => answering(),
    recordVoucher: async (_config: ChannelConfig, voucher) => {
      answering();
      host.vouchers.push(voucher);
    },
    recordApproval: async (_config: ChannelConfig, approval) => {
      answering();
      host.approvals.push(approval);
    },
    rpc: async () => {
      host.chainReads++;
      answering();
      const { status, depositWei } = host.chain;
      const closesAt = status === 'closing' ? 1n : 0n;
      return `0x${word(depositWei)}${word(closesAt)}${word(BigInt(STATUS_NUMBER[status]))}`;
    },
    close: () => {},
  };
  return host;
}
