// A worker process on bare stubs, which knows its lease tokens and what became of each outcome: what the SDK keeps to itself.
import { setTimeout as pause } from 'node:timers/promises';
import { dispatchv1, durationToProto, type errorv1, refusalFromRpc, taskErrorToProto } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { TaskError } from '@orrery/task-error';
import { createChannel, createClient } from 'nice-grpc';
import type { CallOptions } from 'nice-grpc-common';
import { openJournal } from './journal.ts';
import { doWork, type Work } from './work.ts';

const { ORRERY_ADDRESS = '', WORKER_ID = '' } = process.env;
const { FAULTS_JOURNAL = '', FAULTS_LEASE = '30s', FAULTS_QUEUE = 'default' } = process.env;
const CALL_DEADLINE = Duration.ofSeconds(10);
const CONCURRENCY = 4;
const AGAIN_AFTER_MS = 250;
const MAX_TRIES = 240;

const note = openJournal(FAULTS_JOURNAL, WORKER_ID);
const addresses = ORRERY_ADDRESS.split(',');
const stubs = addresses.map((address) => createClient(dispatchv1.DispatchServiceDefinition, createChannel(address)));
const options: dispatchv1.ClaimOptions = {
  ...dispatchv1.ClaimOptions.decode(new Uint8Array()),
  workerId: WORKER_ID,
  queues: [FAULTS_QUEUE],
  types: ['work'],
  leaseDuration: durationToProto(Duration.from(FAULTS_LEASE)),
};
let stopping = false;
let turn = 0;
process.on('SIGTERM', () => (stopping = true));

process.stderr.write(`${JSON.stringify({ level: 'info', message: 'connected' })}\n`);
await Promise.all(Array.from({ length: CONCURRENCY }, () => work()));
process.exit(0);

async function work(): Promise<void> {
  while (!stopping) {
    try {
      const { leases } = await call((stub, callOptions) =>
        stub.claimTasks({ options, maxTasks: 1, waitTimeout: { seconds: 2n, nanos: 0 } }, callOptions),
      );
      for (const lease of leases) await run(lease);
    } catch {
      await pause(200);
    }
  }
}

async function run({ taskId: id, leaseToken: token, attempt, params }: dispatchv1.Lease): Promise<void> {
  note({ what: 'started', id, token, attempt });
  const lease = { taskId: id, leaseToken: token };
  let error: errorv1.TaskError | undefined;
  try {
    await doWork(JSON.parse(new TextDecoder().decode(params?.data)) as Work, attempt);
  } catch (thrown) {
    error = taskErrorToProto(TaskError.fromException(thrown).toData());
  }
  note({ what: 'returned', id, token, attempt });
  // Says it again until there is an answer, as a worker must whose answer was lost.
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    try {
      const refusal = await report(lease, error);
      if (refusal === 'UNAVAILABLE') throw new Error('say it again');
      if (refusal !== null) note({ what: 'refused', id, token, reason: refusal });
      else if (!error) note({ what: 'accepted', id, token, status: 'SUCCEEDED' });
      return;
    } catch {
      await pause(AGAIN_AFTER_MS);
    }
  }
}

/** Says what came of an attempt; returns why that was refused, null if it was accepted. */
async function report(lease: dispatchv1.LeaseRef, error: errorv1.TaskError | undefined): Promise<string | null> {
  const { results } = await call((stub, callOptions) =>
    error
      ? stub.failTasks({ namespace: '', failures: [{ lease, error }] }, callOptions)
      : stub.completeTasks({ namespace: '', completions: [{ lease, result: undefined }] }, callOptions),
  );
  const [result] = results;
  return result?.error ? (refusalFromRpc(result.error)?.reason ?? 'OTHER') : null;
}

/** Calls the schedulers in turn. */
function call<T>(make: (stub: dispatchv1.DispatchServiceClient, options: CallOptions) => Promise<T>): Promise<T> {
  turn += 1;
  const stub = stubs[turn % stubs.length];
  if (!stub) throw new Error('there is no scheduler to call');
  return make(stub, { signal: AbortSignal.timeout(CALL_DEADLINE.toMillis()) });
}
