export { FakeClock } from '@orrery/store-conformance';
export { callDeaf, type DeafCall } from './deaf-call.ts';
export { Arrivals } from './bus-suite/arrivals.ts';
export { busSuite, type BusAdapter } from './bus-suite/bus-suite.ts';
export { courseOf, taskEvent, workerEvent } from './bus-suite/sample-events.ts';
export {
  type EphemeralNats,
  type EphemeralNatsOptions,
  findNatsServer,
  startEphemeralNats,
  startNatsCluster,
} from './ephemeral-nats.ts';
export * from './ephemeral-postgres.ts';
export { Ledger } from './ledger.ts';
export { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from './otlp-receiver.ts';
export { freePort, startProcess, type TestProcess } from './test-process.ts';
export { type LogLine, recordingLogger } from './recording-logger.ts';
export { TEST_CERTIFICATE, TEST_KEY } from './test-certificate.ts';
