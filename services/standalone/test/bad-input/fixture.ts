import { type DescMethod, fromBinary, toJson } from '@bufbuild/protobuf';
import type { Caller } from './caller.ts';
import { REGISTRY, RPCS } from './rpcs.ts';
import { type Loose, writeMessage } from './write-message.ts';

const HOUR = { seconds: 3600n };

/** The method of this name; throws if there is none. */
export function methodOf(rpc: string): DescMethod {
  const method = RPCS.get(rpc);
  if (!method) throw new Error(`there is no RPC ${rpc}`);
  return method;
}

/** Calls a method with a request that is good; throws if it is refused. */
export async function callWell(caller: Caller, rpc: string, request: Loose): Promise<unknown> {
  const method = methodOf(rpc);
  const { message, responses } = await caller.call(method, [writeMessage(method.input, request)]);
  const [bytes] = responses;
  if (!bytes) throw new Error(`${rpc}: ${message}`);
  const reply = fromBinary(method.output, bytes);
  return toJson(method.output, reply, { registry: REGISTRY });
}

/** Puts one of everything there, so that there is something which bad requests could change. */
export async function putThingsThere(caller: Caller): Promise<void> {
  const call = (rpc: string, request: Loose): Promise<unknown> => callWell(caller, rpc, request);
  const create = (id: string, more: Loose = {}): Promise<unknown> =>
    call('task.v1.TaskService/CreateTask', { task: { id, type: 'work', queue: 'busy', ...more } });
  const claim = async (): Promise<Loose> => {
    const options = { worker_id: 'worker-1', queues: ['busy'], lease_duration: HOUR };
    const reply = (await call('dispatch.v1.DispatchService/ClaimTasks', { options })) as ClaimReply;
    const [lease] = reply.leases ?? [];
    if (!lease) throw new Error('nothing was claimed');
    return { task_id: lease.taskId, lease_token: lease.leaseToken };
  };
  await create('done-1');
  await call('dispatch.v1.DispatchService/CompleteTasks', { completions: [{ lease: await claim() }] });
  await create('failed-1', { retry_policy: { predicate: 3 } });
  await call('dispatch.v1.DispatchService/FailTasks', { failures: [{ lease: await claim() }] });
  await create('running-1');
  await claim();
  await create('pending-1', { delay: HOUR });
  await call('task.v1.TaskService/CreateTask', { task: { type: 'other', delay: HOUR }, request_id: 'used-1' });
  const schema = '{"type": "object", "properties": {"a": {"type": "integer"}}}';
  await call('task.v1.TaskTypeService/RegisterTaskType', { task_type: { name: 'typed.work', param_schema: schema } });
  await call('task.v1.TaskTypeService/RegisterTaskType', { task_type: { name: 'old.work' } });
  await call('task.v1.TaskTypeService/DeactivateTaskType', { name: 'old.work', version: 1 });
  await call('flow.v1.FlowService/SetFlowLimit', { limit: { name: 'limit-1', queue: 'elsewhere', max_running: 1 } });
  await call('worker.v1.WorkerService/RegisterWorker', { worker: { id: 'worker-1' } });
  const spec = { task: { type: 'work' }, interval: { every: HOUR, mode: 2 } };
  await call('schedule.v1.ScheduleService/CreateSchedule', { schedule_id: 'schedule-1', spec, paused: true });
}

interface ClaimReply {
  readonly leases?: readonly { readonly taskId: string; readonly leaseToken: string }[];
}
