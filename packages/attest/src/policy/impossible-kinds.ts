import type { EvidenceKind } from '../evidence.ts';
import type { EvidencePolicy, RootKind } from './policy.ts';

/** Why no evidence of a kind can pass. */
export interface Impossibility {
  /** The member to mend. */
  readonly path: string;
  readonly why: string;
}

/** The root in which evidence of a kind has to end. */
const rootsOfKind: Readonly<Record<EvidenceKind, RootKind>> = {
  tdx: 'intel',
  'dstack-tdx': 'intel',
  sgx: 'intel',
  snp: 'amd',
  nvidia: 'nvidia-device',
  nras: 'nras',
  nitro: 'aws',
  tpm: 'tpm',
  'azure-snp': 'amd',
  'azure-tdx': 'intel',
};

const composeKinds: readonly EvidenceKind[] = ['tdx', 'dstack-tdx'];

function isEmpty(list: readonly unknown[] | null): boolean {
  return list !== null && list.length === 0;
}

function* problemsOf(kind: EvidenceKind, policy: EvidencePolicy): Generator<Impossibility> {
  const needed = rootsOfKind[kind];
  const hasRoot = (rootKind: RootKind): boolean => policy.roots.some((root) => root.kind === rootKind);
  if (!hasRoot(needed)) yield { path: 'policy.roots', why: `no root of kind ${needed}` };
  if (kind === 'nvidia' && policy.nvidia.requireRims && !hasRoot('nvidia-rim')) {
    yield { path: 'policy.roots', why: 'reference manifests are required, and no root of kind nvidia-rim' };
  }
  const { intel, amd, nvidia } = policy;
  if (needed === 'intel' && isEmpty(intel.allowedTcbStatuses)) {
    yield { path: 'policy.intel.allowed_tcb_statuses', why: 'no TCB status is allowed' };
  }
  if (needed === 'amd' && isEmpty(amd.products)) {
    yield { path: 'policy.amd.products', why: 'no product is allowed' };
  }
  if (needed === 'amd' && isEmpty(amd.endorsements)) {
    yield { path: 'policy.amd.endorsements', why: 'no kind of endorsement key is allowed' };
  }
  if (kind === 'nvidia' && isEmpty(nvidia.architectures)) {
    yield { path: 'policy.nvidia.architectures', why: 'no architecture is allowed' };
  }
  if (composeKinds.includes(kind) && isEmpty(policy.composeHashes) && !policy.acceptRegisteredComposeHashes) {
    yield {
      path: 'policy.compose_hashes',
      why: 'no application is accepted, and registered ones are not either',
    };
  }
  if (isEmpty(policy.platforms.allow))
    yield { path: 'policy.platforms.allow', why: 'no platform is allowed' };
}

/** The kinds that the policy names and that nothing can satisfy, each with the first reason. */
export function impossibleKinds(policy: EvidencePolicy): ReadonlyMap<EvidenceKind, Impossibility> {
  const found = new Map<EvidenceKind, Impossibility>();
  for (const kind of policy.kinds) {
    const [problem] = problemsOf(kind, policy);
    if (problem !== undefined) found.set(kind, problem);
  }
  return found;
}
