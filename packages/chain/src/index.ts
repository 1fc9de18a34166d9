export * from './channel-view.ts';
