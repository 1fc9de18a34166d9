import type { AuthenticDevice } from './device.ts';
import { firstProblem } from './device.ts';
import { devicePdi } from './device-chain.ts';

const joined = (ids: readonly string[]): string => [...ids].sort().join(', ');
const pdiOf = ({ chain }: AuthenticDevice): string => devicePdi(chain.identity) ?? 'unnamed';

/** The GPUs of one host hang on the same switches, and a switch's own statement fits its certificate. */
function statementProblem(
  gpus: readonly AuthenticDevice[],
  switches: readonly AuthenticDevice[],
): string | undefined {
  const expected = joined(gpus[0]?.facts.links ?? []);
  return (
    firstProblem(gpus, ({ facts }) =>
      joined(facts.links ?? []) === expected ? undefined : 'is on other switches than the first GPU',
    ) ??
    firstProblem(switches, (device) => {
      const { ownPdi } = device.facts;
      return ownPdi === undefined || ownPdi === pdiOf(device)
        ? undefined
        : `calls itself ${ownPdi}, its certificate ${pdiOf(device)}`;
    })
  );
}

/** Every wire of one side ends in a device of the other side, and the other way round. */
function wiringProblem(
  gpus: readonly AuthenticDevice[],
  switches: readonly AuthenticDevice[],
): string | undefined {
  const gpuIds = gpus.map(pdiOf);
  const switchIds = switches.map(pdiOf);
  const differs = (
    ids: readonly string[],
    links: readonly string[] | undefined,
    what: string,
  ): string | undefined => {
    if (links === undefined) return `names no ${what}`;
    const stranger = links.find((id) => !ids.includes(id));
    if (stranger !== undefined) return `is wired to ${what} ${stranger}, which is not in the evidence`;
    const missing = ids.find((id) => !links.includes(id));
    return missing && `is not wired to ${what} ${missing}`;
  };
  return (
    firstProblem(gpus, ({ facts }) => differs(switchIds, facts.links, 'switch')) ??
    firstProblem(switches, ({ facts }) => differs(gpuIds, facts.links, 'GPU'))
  );
}

/** Why the devices cannot be the whole of one fabric, as far as they say how they are wired; or undefined. */
export function topologyProblem(devices: readonly AuthenticDevice[]): string | undefined {
  const gpus = devices.filter(({ role }) => role === 'gpu');
  const switches = devices.filter(({ role }) => role === 'switch');
  const statement = statementProblem(gpus, switches);
  if (statement !== undefined || gpus.length === 0 || switches.length === 0) return statement;
  return wiringProblem(gpus, switches);
}
