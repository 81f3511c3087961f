// A worker process with raw stubs: claims tasks in each of the three forms, is stopped while its leases are taken over, and then
// says that it completed them. Prints how often it was refused, and with which reasons.
import { dispatchv1, refusalFromRpc } from '@orrery/contracts';
import { createChannel, createClient } from 'nice-grpc';
import { createInterface } from 'node:readline/promises';

const { ADDRESS = '', COUNT = '' } = process.env;
const count = Number(COUNT);

const dispatch = createClient(dispatchv1.DispatchServiceDefinition, createChannel(ADDRESS));
const options = (queue: string): dispatchv1.ClaimOptions => ({
  ...dispatchv1.ClaimOptions.decode(new Uint8Array()),
  workerId: 'stale',
  queues: [queue],
  leaseDuration: { seconds: 1n, nanos: 0 },
});
const toCompletion = ({ taskId, leaseToken }: dispatchv1.Lease): dispatchv1.Completion => ({
  lease: { taskId, leaseToken },
  result: undefined,
});

const messages: dispatchv1.WorkRequest[] = [
  { message: { $case: 'hello', value: { options: options('stream') } } },
  { message: { $case: 'credits', value: { add: count } } },
];
let wake = (): void => {};
async function* outgoing(): AsyncGenerator<dispatchv1.WorkRequest> {
  for (;;) {
    const message = messages.shift();
    if (message) yield message;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
}
const stream = dispatch.work(outgoing())[Symbol.asyncIterator]();
const receive = async (): Promise<dispatchv1.WorkResponse> => {
  const next = await stream.next();
  if (next.done) throw new Error('the stream ended');
  return next.value;
};
const streamed: dispatchv1.Lease[] = [];
while (streamed.length < count) {
  const { message } = await receive();
  if (message?.$case === 'leases') streamed.push(...message.value.leases);
}
const claim = async (queue: string): Promise<dispatchv1.Lease[]> => {
  const request = { options: options(queue), maxTasks: count, waitTimeout: undefined };
  return (await dispatch.claimTasks(request)).leases;
};
const batch = await claim('batch');
const unary = await claim('unary');

const input = createInterface(process.stdin);
process.stdout.write(`holding ${streamed.length + batch.length + unary.length}\n`);
await input[Symbol.asyncIterator]().next();

const results: Record<string, dispatchv1.LeaseResult[]> = { stream: [], batch: [], unary: [] };
const completions = streamed.map(toCompletion);
messages.push({ message: { $case: 'outcomes', value: { completions, failures: [], releases: [] } } });
wake();
while ((results['stream']?.length ?? 0) < count) {
  const { message } = await receive();
  if (message?.$case === 'results') results['stream']?.push(...message.value.results);
}
const all = await dispatch.completeTasks({ namespace: '', completions: batch.map(toCompletion) });
results['batch']?.push(...all.results);
for (const lease of unary) {
  const one = await dispatch.completeTasks({ namespace: '', completions: [toCompletion(lease)] });
  results['unary']?.push(...one.results);
}
const reasons = Object.fromEntries(
  Object.entries(results).map(([form, answers]) => {
    const counts: Record<string, number> = {};
    for (const { error } of answers) {
      const reason = error ? (refusalFromRpc(error)?.reason ?? 'OTHER') : 'ACCEPTED';
      counts[reason] = (counts[reason] ?? 0) + 1;
    }
    return [form, counts];
  }),
);
process.stdout.write(`refused ${JSON.stringify(reasons)}\n`);
process.exit(0);
