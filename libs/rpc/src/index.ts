export { reconnectDelay } from './backoff.ts';
export { Batcher, type BatcherOptions, type Settled } from './batcher.ts';
export { call, type CallSettings, openStream, readStream } from './call.ts';
export { type ConnectionOptions, openChannel, type TlsOptions } from './channel.ts';
export { type Logger, isEnabled, stderrLogger, withFields } from './logger.ts';
export {
  errorFromStatus,
  isFinal,
  isUnavailable,
  OrreryError,
  type OrreryErrorInit,
  type StatusName,
} from './orrery-error.ts';
export { Outgoing } from './outgoing.ts';
export { decodePayload, encodePayload, PayloadError } from './payload-codec.ts';
export { currentTask, inTaskScope, outsideTaskScope, type TaskScope } from './task-scope.ts';
export { RPC_DURATION_BOUNDS, rpcAttributes, traceCalls } from './trace-calls.ts';
export { type CallOrigin, type Creation, traceCreation } from './trace-creation.ts';
export { activeTraceparent, contextOf, isSampled, readTraceparent, traceparentOf } from './trace-context.ts';
export { sleep, systemTimers, type Timers } from './timers.ts';
