import type { PriceTerms } from '../src/types.ts';

/** A request as the reference sees it; `max` and `used` are [prompt, completion]. */
export interface ReferenceRequest {
  phase: 'prepared' | 'committed' | 'ended';
  readonly voucher: number | null;
  readonly max: readonly [number, number];
  used: readonly [number, number];
}

/** The rule of admission again, slow and plain: everything is recomputed from the list of all requests. */
export class ReferenceLedger {
  readonly requests: ReferenceRequest[] = [];
  readonly price: PriceTerms;
  readonly deposit: number;
  authorized = 0;
  closing = false;

  constructor(price: PriceTerms, deposit: number) {
    this.price = price;
    this.deposit = deposit;
  }

  cost(prompt: number, completion: number): { owner: number; host: number; total: number } {
    const { price } = this;
    const per = (p: bigint, c: bigint): number =>
      Math.floor((prompt * Number(p) + completion * Number(c)) / 1e6);
    const owner = per(price.ownerPromptPerMTok, price.ownerCompletionPerMTok);
    const host = per(price.hostPromptPerMTok, price.hostCompletionPerMTok);
    return { owner, host, total: owner + host };
  }

  sum(of: (request: ReferenceRequest) => readonly [number, number]): [number, number] {
    return this.requests.reduce<[number, number]>(
      ([prompt, completion], request) => [prompt + of(request)[0], completion + of(request)[1]],
      [0, 0],
    );
  }

  used(): [number, number] {
    return this.sum((request) => request.used);
  }

  worst(): [number, number] {
    return this.sum((request) => (request.phase === 'ended' ? request.used : request.max));
  }

  /** The granted completion tokens, or the code of the refusal. */
  prepare(
    voucher: number | null,
    prompt: number,
    requested: number | null,
    available: number,
  ): number | string {
    if (this.closing) return 'CHANNEL_CLOSED';
    const pending = this.requests
      .filter(({ phase }) => phase === 'prepared')
      .map((request) => request.voucher ?? 0);
    if (voucher !== null && voucher <= Math.max(this.authorized, ...pending))
      return 'CHANNEL_VOUCHER_NOT_HIGHER';
    if (voucher !== null && voucher > this.deposit) return 'CHANNEL_VOUCHER_OVER_DEPOSIT';
    const [worstPrompt, worstCompletion] = this.worst();
    const total = (completion: number): number =>
      this.cost(worstPrompt + prompt, worstCompletion + completion).total;
    const least = requested === null ? Math.min(1, available) : Math.min(requested, available);
    const budget = voucher ?? this.authorized;
    if (total(least) > this.deposit) return 'CHANNEL_DEPOSIT';
    if (total(least) > budget) return 'CHANNEL_AUTHORIZATION';
    let granted = least;
    while (requested === null && granted < available && total(granted + 1) <= budget) granted++;
    this.requests.push({ phase: 'prepared', voucher, max: [prompt, granted], used: [0, 0] });
    return granted;
  }
}
