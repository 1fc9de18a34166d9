import type { Command } from '../program/command.ts';
import { attestCollateral } from './attest/attest-collateral.ts';
import { attestInspect } from './attest/attest-inspect.ts';
import { attestVerify } from './attest/attest-verify.ts';
import { benchServe } from './bench/bench-serve.ts';
import { channelClose } from './channel/channel-close.ts';
import { channelList } from './channel/channel-list.ts';
import { channelOpen } from './channel/channel-open.ts';
import { channelShow } from './channel/channel-show.ts';
import { chat } from './chat.ts';
import { down } from './down.ts';
import { enclaveRun } from './enclave/enclave-run.ts';
import { hostStart } from './host/host-start.ts';
import { hostStatus } from './host/host-status.ts';
import { modelHash } from './model/model-hash.ts';
import { modelList } from './model/model-list.ts';
import { modelPull } from './model/model-pull.ts';
import { modelRegister } from './model/model-register.ts';
import { policyCheck } from './policy/policy-check.ts';
import { policyShow } from './policy/policy-show.ts';
import { proxy } from './proxy.ts';
import { status } from './status.ts';
import { up } from './up.ts';
import { verify } from './verify.ts';

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  up,
  down,
  status,
  chat,
  proxy,
  verify,
  attestVerify,
  attestInspect,
  attestCollateral,
  policyCheck,
  policyShow,
  channelOpen,
  channelList,
  channelShow,
  channelClose,
  modelPull,
  modelHash,
  modelRegister,
  modelList,
  hostStart,
  hostStatus,
  enclaveRun,
  benchServe,
];
