import { dispatchv1, durationFromProto, strategyFromProto } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { Checks } from '@orrery/service';
import type { ClaimOptions } from './claimer.ts';

/** How long a lease is good for unless the worker asks otherwise. */
export const DEFAULT_LEASE = Duration.ofSeconds(30);

const MIN_LEASE = Duration.ofSeconds(1);
const MAX_LEASE = Duration.ofSeconds(3600);
const MAX_NAMES = 1000;

/** Reads what a worker wants to claim; refuses with every problem named. */
export function parseClaimOptions(wire: dispatchv1.ClaimOptions | undefined, field: string): ClaimOptions {
  const checks = new Checks();
  const options = wire ?? dispatchv1.ClaimOptions.decode(new Uint8Array());
  const queues = options.queues.length > 0 ? options.queues : ['default'];
  queues.forEach((queue, i) => checks.name(`${field}.queues[${i}]`, queue));
  options.types.forEach((type, i) => checks.pattern(`${field}.types[${i}]`, type));
  checks.require(queues.length <= MAX_NAMES, `${field}.queues`, `has more than ${MAX_NAMES} entries`);
  checks.require(options.types.length <= MAX_NAMES, `${field}.types`, `has more than ${MAX_NAMES} entries`);
  const parsed: ClaimOptions = {
    namespace: checks.name(`${field}.namespace`, options.namespace, { default: 'default' }),
    workerId: checks.name(`${field}.worker_id`, options.workerId),
    queues: [...new Set(queues)],
    types: [...new Set(options.types)],
    strategy: checks.parse(() => strategyFromProto(options.strategy, `${field}.strategy`)) ?? 'PRIORITY',
    leaseDuration: parseLeaseDuration(checks, options.leaseDuration, `${field}.lease_duration`) ?? DEFAULT_LEASE,
  };
  checks.done();
  return parsed;
}

/** Reads a lease duration, from 1 s to 1 h; unset is undefined. */
export function parseLeaseDuration(
  checks: Checks,
  wire: dispatchv1.ClaimOptions['leaseDuration'],
  field: string,
): Duration | undefined {
  const duration = wire && checks.parse(() => durationFromProto(wire, field));
  return checks.between(field, duration, MIN_LEASE, MAX_LEASE);
}
