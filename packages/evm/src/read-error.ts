import type { Hex } from '@dcml/core';
import {
  BaseError,
  decodeErrorResult,
  HttpRequestError,
  InsufficientFundsError,
  SocketClosedError,
  TimeoutError,
} from 'viem';
import { inferenceChannelsAbi } from './artifacts/inference-channels.ts';
import { modelRegistryAbi } from './artifacts/model-registry.ts';
import { EvmError } from './evm-error.ts';

const errorAbi = [...inferenceChannelsAbi, ...modelRegistryAbi].filter((entry) => entry.type === 'error');

/** Revert data anywhere down the causes: nodes and viem's wrappers put it in different places. */
function findRevertData(error: BaseError): Hex | null {
  let found: Hex | null = null;
  error.walk((cause) => {
    const data = (cause as { data?: unknown }).data;
    const inner = typeof data === 'object' && data !== null ? (data as { data?: unknown }).data : data;
    if (typeof inner === 'string' && /^0x(?:[0-9a-f]{2})*$/.test(inner)) found = inner as Hex;
    return false;
  });
  return found;
}

function describeRevert(data: Hex, cause: unknown): EvmError {
  try {
    const { errorName, args } = decodeErrorResult({ abi: errorAbi, data });
    const values = ((args ?? []) as readonly unknown[]).map(String);
    return new EvmError('EVM_REVERTED', `the contract refused: ${errorName}(${values.join(', ')})`, {
      details: { error: errorName, args: values },
      cause,
    });
  } catch {
    return new EvmError('EVM_REVERTED', 'the contract refused with an error that is not its own', {
      details: { error: 'unknown', args: [data.slice(0, 74)] },
      cause,
    });
  }
}

/** The EvmError for whatever viem threw. */
export function readError(error: unknown): EvmError {
  if (error instanceof EvmError) return error;
  if (!(error instanceof BaseError)) {
    return new EvmError('EVM_ANSWER', 'the chain client failed', { cause: error });
  }
  const has = (kind: abstract new (...args: never[]) => Error): boolean =>
    error.walk((cause) => cause instanceof kind) !== null;
  if (has(InsufficientFundsError)) {
    return new EvmError('EVM_INSUFFICIENT_FUNDS', 'the account cannot pay the value and the gas', {
      cause: error,
    });
  }
  const data = findRevertData(error);
  if (data !== null) return describeRevert(data, error);
  if (has(HttpRequestError) || has(TimeoutError) || has(SocketClosedError)) {
    return new EvmError('EVM_UNREACHABLE', 'the chain node did not answer', { cause: error });
  }
  return new EvmError('EVM_ANSWER', `the chain node refused: ${error.shortMessage}`, { cause: error });
}
