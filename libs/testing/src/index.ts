export { FakeClock } from './fake-clock.ts';
export { storeSuite, type StoreAdapter } from './store-suite/store-suite.ts';
export * from './ephemeral-postgres.ts';
export { Ledger } from './ledger.ts';
export { modelSuite } from './model-suite/model-suite.ts';
export { freePort, startProcess, type TestProcess } from './test-process.ts';
