import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createChannelDigests } from '../src/digests.ts';
import { ChannelLedger } from '../src/ledger/channel-ledger.ts';
import { PreparedSigner } from '../src/prepared-signer.ts';
import { addCharge, NO_CHARGE, totalWei } from '../src/pricing.ts';
import type { Charge } from '../src/types.ts';
import { config, digests, domain, payerKey, secp } from './channel-fixtures.ts';
import { ReferenceLedger, type ReferenceRequest } from './reference-ledger.ts';

interface Real {
  readonly ledger: ChannelLedger;
  readonly signer: PreparedSigner;
  readonly ids: number[];
  paid: Charge;
}
type Command = fc.Command<ReferenceLedger, Real>;

/** The laws that hold after every step. */
function assertLaws(model: ReferenceLedger, { ledger, paid }: Real): void {
  const status = ledger.status();
  const [prompt, completion] = model.used();
  const cost = model.cost(prompt, completion);
  expect(status.usage).toEqual({ promptTokens: BigInt(prompt), completionTokens: BigInt(completion) });
  expect(status.charge).toEqual({ ownerWei: BigInt(cost.owner), hostWei: BigInt(cost.host) });
  expect(status.authorizedWei).toBe(BigInt(model.authorized));
  expect(totalWei(status.charge)).toBeLessThanOrEqual(status.authorizedWei);
  expect(status.authorizedWei).toBeLessThanOrEqual(status.depositWei);
  const inFlight = model.requests.filter(({ phase }) => phase !== 'ended').length;
  expect(status.inFlight).toBe(inFlight);
  expect(ledger.phase).toBe(model.closing ? (inFlight === 0 ? 'closed' : 'closing') : 'open');
  expect(totalWei(paid)).toBeLessThanOrEqual(totalWei(status.charge));
  // Conservation: what requests were told that they cost adds up to what the channel is charged.
  if (inFlight === 0) expect(paid).toEqual(status.charge);
  if (ledger.phase === 'closed') expect(ledger.approval().charge).toEqual(status.charge);
}

const command = (name: string, run: (model: ReferenceLedger, real: Real) => void): Command => ({
  check: () => true,
  run(model, real) {
    run(model, real);
    assertLaws(model, real);
  },
  toString: () => name,
});

/** The nth request in a phase, or undefined. */
function pick(
  model: ReferenceLedger,
  phase: ReferenceRequest['phase'],
  nth: number,
): { index: number; request: ReferenceRequest } | undefined {
  const found = model.requests
    .map((request, index) => ({ index, request }))
    .filter(({ request }) => request.phase === phase);
  return found[nth % Math.max(1, found.length)];
}

const count = fc.integer({ min: 0, max: 40 });
const commands: fc.Arbitrary<Command>[] = [
  fc
    .record({
      voucher: fc.option(fc.integer({ min: 0, max: 700 }), { freq: 3 }),
      prompt: count,
      requested: fc.option(count, { freq: 2 }),
      available: count,
    })
    .map(({ voucher, prompt, requested, available }) =>
      command(`prepare(${voucher}, ${prompt}, ${requested}, ${available})`, (model, real) => {
        const expected = model.prepare(voucher, prompt, requested, available);
        const preparation = real.ledger.prepare({
          voucher: voucher === null ? null : real.signer.voucher(BigInt(voucher)),
          promptTokens: prompt,
          requestedCompletionTokens: requested,
          availableCompletionTokens: available,
        });
        if (preparation.admitted) real.ids.push(preparation.admission.reservationId);
        expect(
          preparation.admitted ? preparation.admission.maxCompletionTokens : preparation.refusal.code,
        ).toBe(expected);
      }),
    ),
  fc.nat(9).map((nth) =>
    command(`commit(${nth})`, (model, real) => {
      const found = pick(model, 'prepared', nth);
      if (found === undefined) return;
      real.ledger.commit(real.ids[found.index]!);
      found.request.phase = 'committed';
      model.authorized = Math.max(model.authorized, found.request.voucher ?? 0);
    }),
  ),
  fc.nat(9).map((nth) =>
    command(`abandon(${nth})`, (model, real) => {
      const found = pick(model, 'prepared', nth);
      if (found === undefined) return;
      real.ledger.abandon(real.ids[found.index]!);
      found.request.phase = 'ended';
    }),
  ),
  fc.tuple(fc.nat(9), count, count).map(([nth, prompt, completion]) =>
    command(`deliver(${nth}, ${prompt}, ${completion})`, (model, real) => {
      const found = pick(model, 'committed', nth);
      if (found === undefined) return;
      const { max, used } = found.request;
      const id = real.ids[found.index]!;
      const deliver = (): void =>
        real.ledger.deliver(id, { promptTokens: prompt, completionTokens: completion });
      if (prompt < used[0] || completion < used[1] || prompt > max[0] || completion > max[1]) {
        expect(deliver).toThrow(expect.objectContaining({ code: 'CHANNEL_ORDER' }));
      } else {
        deliver();
        found.request.used = [prompt, completion];
      }
    }),
  ),
  fc.nat(9).map((nth) =>
    command(`finish(${nth})`, (model, real) => {
      const found = pick(model, 'committed', nth);
      if (found === undefined) return;
      real.paid = addCharge(real.paid, real.ledger.finish(real.ids[found.index]!));
      found.request.phase = 'ended';
    }),
  ),
];
const close = fc.constant(
  command('close', (model, real) => {
    real.ledger.close();
    model.closing = true;
  }),
);

it('ChannelLedger does what a plain reference does, and keeps the laws, for any sequence of steps', () => {
  // Micro prices make single tokens cost fractions of a wei, so that rounding is exercised at every step.
  const micro = fc.bigInt({ min: 0n, max: 4_000_000n });
  const prices = fc.record({
    ownerPromptPerMTok: micro,
    ownerCompletionPerMTok: micro,
    hostPromptPerMTok: micro,
    hostCompletionPerMTok: micro,
  });
  const own = createChannelDigests(domain);
  fc.assert(
    fc.property(
      prices,
      fc.integer({ min: 0, max: 650 }),
      fc.commands([...commands, ...commands, ...commands, close], { size: '+1' }),
      (price, deposit, steps) => {
        const priced = { ...config, price };
        fc.modelRun(
          () => ({
            model: new ReferenceLedger(price, deposit),
            real: {
              ledger: new ChannelLedger({
                config: priced,
                depositWei: BigInt(deposit),
                digests: own,
                secp256k1: secp,
              }),
              signer: new PreparedSigner(digests, secp, payerKey, digests.channelId(priced)),
              ids: [],
              paid: NO_CHARGE,
            },
          }),
          steps,
        );
      },
    ),
    { numRuns: 250 },
  );
});
