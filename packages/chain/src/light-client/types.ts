/** A beacon block header (consensus specs, phase0). Roots are 32 bytes. */
export interface BeaconHeader {
  readonly slot: number;
  readonly proposerIndex: bigint;
  readonly parentRoot: Uint8Array;
  readonly stateRoot: Uint8Array;
  readonly bodyRoot: Uint8Array;
}

/** An execution payload header (capella; deneb and later add the blob fields). */
export interface ExecutionHeader {
  readonly parentHash: Uint8Array;
  readonly feeRecipient: Uint8Array;
  readonly stateRoot: Uint8Array;
  readonly receiptsRoot: Uint8Array;
  readonly logsBloom: Uint8Array;
  readonly prevRandao: Uint8Array;
  readonly blockNumber: bigint;
  readonly gasLimit: bigint;
  readonly gasUsed: bigint;
  /** Unix seconds. */
  readonly timestamp: bigint;
  readonly extraData: Uint8Array;
  readonly baseFeePerGas: bigint;
  readonly blockHash: Uint8Array;
  readonly transactionsRoot: Uint8Array;
  readonly withdrawalsRoot: Uint8Array;
  /** Present from deneb on. */
  readonly blobGas?: { readonly used: bigint; readonly excess: bigint };
}

/** A beacon header with the execution header that its body holds (capella light-client specification). */
export interface LightClientHeader {
  readonly beacon: BeaconHeader;
  readonly execution: ExecutionHeader;
  readonly executionBranch: readonly Uint8Array[];
}

export interface SyncCommittee {
  /** BLS12-381 G1, compressed: 48 bytes each. */
  readonly publicKeys: readonly Uint8Array[];
  readonly aggregatePublicKey: Uint8Array;
}

export interface SyncAggregate {
  /** One bit per member, in the committee's order. */
  readonly bits: readonly boolean[];
  /** BLS12-381 G2, compressed: 96 bytes. */
  readonly signature: Uint8Array;
}

/** A committee with the proof that a trusted block's state holds it. */
export interface LightClientBootstrap {
  readonly header: LightClientHeader;
  readonly currentSyncCommittee: SyncCommittee;
  readonly currentSyncCommitteeBranch: readonly Uint8Array[];
}

/** One signed step. Finality and the next committee are optional: optimistic and finality updates lack them. */
export interface LightClientUpdate {
  readonly attestedHeader: LightClientHeader;
  readonly nextSyncCommittee?: {
    readonly committee: SyncCommittee;
    readonly branch: readonly Uint8Array[];
  };
  readonly finality?: {
    /** Null stands for genesis, whose root is zero. */
    readonly header: LightClientHeader | null;
    readonly branch: readonly Uint8Array[];
  };
  readonly syncAggregate: SyncAggregate;
  readonly signatureSlot: number;
}
