export * from './chain-error.ts';
export * from './channel-call.ts';
export * from './channel-view.ts';
export * from './rpc-channel-view.ts';
