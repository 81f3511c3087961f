export { FakeClock } from './fake-clock.ts';
export { modelSuite } from './model-suite/model-suite.ts';
export { type StoreAdapter, storeSuite } from './store-suite/store-suite.ts';
