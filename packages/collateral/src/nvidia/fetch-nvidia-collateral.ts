import {
  type Certificate,
  createCertificateReader,
  findDeviceRoot,
  type NvidiaDeviceEvidence,
  type NvidiaEvidence,
  type NvidiaRim,
  parseDevices,
  policyRoots,
  readDeviceModel,
  wantedRims,
} from '@dcml/attest';
import { CollateralError, unauthentic } from '../collateral-error.ts';
import { assertSignerChain } from '../document/authentic-chain.ts';
import type { DocumentSource } from '../document/document-plan.ts';
import { type Fetched, type FetchOptions, obtainContext } from '../document/fetch-options.ts';
import { type ObtainContext, obtainDocument } from '../document/obtain-document.ts';
import type { NvidiaService } from './nvidia-service.ts';
import { ocspPlan } from './ocsp-plan.ts';
import { rimPlan, type WantedRim } from './rim-plan.ts';

export interface NvidiaFetchOptions extends FetchOptions {
  /** Default: NVIDIA's own. */
  readonly service?: NvidiaService;
}

/** Fetches each document once, one after the other, however many devices share it. */
class Gatherer {
  readonly #options: NvidiaFetchOptions;
  readonly #context: ObtainContext;
  readonly #responses = new Map<string, Uint8Array>();
  readonly #rims = new Map<string, NvidiaRim>();
  readonly sources: DocumentSource[] = [];

  constructor(options: NvidiaFetchOptions) {
    this.#options = options;
    this.#context = obtainContext(options);
  }

  /** OCSP responses about `chain` (leaf first, root last, authentic) but for its root. */
  async responses(chain: readonly Certificate[]): Promise<Uint8Array[]> {
    const { policy, service = {} } = this.#options;
    const found: Uint8Array[] = [];
    for (const [i, issuer] of chain.slice(1).entries()) {
      const plan = ocspPlan(service, chain[i]!, issuer, policy.maxEvidenceAgeSeconds * 1000);
      let response = this.#responses.get(plan.key);
      if (response === undefined) {
        const obtained = await obtainDocument(plan, this.#context);
        response = obtained.value;
        this.sources.push(obtained.source);
        this.#responses.set(plan.key, response);
      }
      found.push(response);
    }
    return found;
  }

  async rim(wanted: WantedRim): Promise<NvidiaRim> {
    const { id } = wanted;
    const known = this.#rims.get(id);
    if (known !== undefined) return known;
    const { policy, service = {} } = this.#options;
    const { value, source } = await obtainDocument(rimPlan(service, wanted, policy), this.#context);
    this.sources.push(source);
    const rim = { xml: value.xml, ocspResponses: await this.responses(value.certificates) };
    this.#rims.set(id, rim);
    return rim;
  }

  get rims(): readonly NvidiaRim[] {
    return [...this.#rims.values()];
  }
}

/**
 * Fetches what NVIDIA publishes about the GPUs and switches of an evidence: OCSP responses about every certificate that
 * NVIDIA issued (the report key's is the device's own), the manifests of their drivers and firmware, and OCSP responses
 * about who signed those. Gives the evidence with all of it. What it already had is replaced. Throws `COLLATERAL_*`, or
 * the reason of the signal.
 */
export async function fetchNvidiaCollateral(
  evidence: NvidiaEvidence,
  options: NvidiaFetchOptions,
): Promise<Fetched<NvidiaEvidence>> {
  const roots = policyRoots(options.policy, 'nvidia-device');
  const { value: devices, problem } = parseDevices(evidence, createCertificateReader());
  if (devices === undefined) throw new CollateralError('COLLATERAL_INPUT', `evidence: ${problem}`);
  const gatherer = new Gatherer(options);
  const completed: NvidiaDeviceEvidence[] = [];
  for (const [i, device] of devices.entries()) {
    const { name, role, chain } = device;
    const root = findDeviceRoot(chain, roots);
    if (root === undefined) throw unauthentic(name, 'its chain does not end in a root of the policy');
    const certificates = [...chain.certificates, root];
    await assertSignerChain(name, certificates, options.nowMs);
    const { model, problem: strange } = readDeviceModel(role, chain);
    if (model === undefined) throw new CollateralError('COLLATERAL_INPUT', `${name}: ${strange}`);
    const ocspResponses = await gatherer.responses(certificates.slice(1));
    completed.push({ ...evidence.devices[i]!, ocspResponses });
    for (const wanted of wantedRims({ ...device, model })) await gatherer.rim(wanted);
  }
  return {
    collateral: { ...evidence, devices: completed, rims: gatherer.rims },
    documents: gatherer.sources,
  };
}
