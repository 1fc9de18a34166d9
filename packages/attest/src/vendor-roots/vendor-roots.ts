import { sha256, toHex } from '@dcml/core';
import type { PolicyRoot, RootKind } from '../policy/policy.ts';
import { amdArkGenoaPem, amdArkMilanPem, amdArkTurinPem } from './amd.ts';
import { awsNitroRootPem } from './aws.ts';
import { intelSgxRootCaPem } from './intel.ts';
import { nvidiaDeviceRootPem, nvidiaRimRootPem } from './nvidia.ts';

/** The hardware vendors' own roots. */
export const vendorRoots: readonly PolicyRoot[] = [
  { name: 'Intel SGX Root CA', kind: 'intel', certificatePem: intelSgxRootCaPem },
  { name: 'AMD ARK-Milan', kind: 'amd', certificatePem: amdArkMilanPem },
  { name: 'AMD ARK-Genoa', kind: 'amd', certificatePem: amdArkGenoaPem },
  { name: 'AMD ARK-Turin', kind: 'amd', certificatePem: amdArkTurinPem },
  { name: 'NVIDIA Device Identity CA', kind: 'nvidia-device', certificatePem: nvidiaDeviceRootPem },
  { name: 'NVIDIA CoRIM signing Root CA', kind: 'nvidia-rim', certificatePem: nvidiaRimRootPem },
  { name: 'AWS Nitro Enclaves Root-G1', kind: 'aws', certificatePem: awsNitroRootPem },
];

/** SHA-256 of the DER certificates, by what they anchor. Whatever ends elsewhere is simulated. */
const fingerprints: ReadonlyMap<string, RootKind> = new Map([
  ['44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3', 'intel'],
  ['69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd', 'amd'],
  ['4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1', 'amd'],
  ['1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a', 'amd'],
  ['102bf659d5419614c9d8e6aecebc80454eb26b1df6a769ac720b9a690b167b48', 'nvidia-device'],
  ['12977b5115acb0381179279fffeb5a8c4d264971ebb32298023a465fa41df5d1', 'nvidia-rim'],
  ['641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b', 'aws'],
]);

/** True if these are exactly the bytes of a hardware vendor's root certificate for this kind of evidence. */
export function isVendorRoot(der: Uint8Array, kind: RootKind): boolean {
  return fingerprints.get(toHex(sha256(der))) === kind;
}
