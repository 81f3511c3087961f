import { durationToProto, flowLimitFromProto, type flowv1 } from '@orrery/contracts';
import type { FlowLimit } from '@orrery/core';
import { Duration, type DurationInput } from '@orrery/duration';
import { OrreryError } from '@orrery/rpc';
import type { Connection } from './connect.ts';
import type { AbortOptions } from './tasks.ts';

/** How much may run, or begin, at the same time; at least one of `maxRunning` and `rate`. */
export interface FlowLimitOptions extends AbortOptions {
  /** The queue whose tasks are limited. Default: every queue. */
  readonly queue?: string;
  /** The type whose tasks are limited; one that ends in ".*" stands for every type below it. Default: every type. */
  readonly type?: string;
  /** True: each key has the limit to itself. Default: all that it covers share it. */
  readonly perKey?: boolean;
  /** How many tasks may run at the same time. */
  readonly maxRunning?: number;
  /** So many attempts in each period (default 1 s), and at once no more than the burst (default: the count). */
  readonly rate?: { readonly count: number; readonly per?: DurationInput; readonly burst?: number };
}

/** Limits on the flow of tasks. Every method rejects with an OrreryError, or with the reason of its signal. */
export interface FlowLimits {
  /** Sets a limit, or replaces the one of its name. It holds for every claim within a second. */
  set(name: string, options: FlowLimitOptions): Promise<FlowLimit>;
  get(name: string, options?: AbortOptions): Promise<FlowLimit>;
  list(options?: AbortOptions): Promise<readonly FlowLimit[]>;
  delete(name: string, options?: AbortOptions): Promise<void>;
}

/** Limits over a connection. */
export function createFlowLimits(connection: Connection): FlowLimits {
  const { flow, settings } = connection;
  const { namespace } = settings;
  const read = (limit: flowv1.FlowLimit | undefined): FlowLimit => {
    if (limit) return flowLimitFromProto(limit, namespace, 'limit');
    throw new OrreryError({ code: 'INTERNAL', reason: 'INTERNAL', message: 'the reply has no limit' });
  };
  return {
    async set(name, { signal, ...options }) {
      const request = { namespace, limit: toProto(name, options) };
      return read((await connection.call((calling) => flow.setFlowLimit(request, calling), signal)).limit);
    },
    async get(name, { signal } = {}) {
      return read((await connection.call((calling) => flow.getFlowLimit({ namespace, name }, calling), signal)).limit);
    },
    async list({ signal } = {}) {
      const { limits } = await connection.call((calling) => flow.listFlowLimits({ namespace }, calling), signal);
      return limits.map(read);
    },
    async delete(name, { signal } = {}) {
      await connection.call((calling) => flow.deleteFlowLimit({ namespace, name }, calling), signal);
    },
  };
}

function toProto(name: string, options: FlowLimitOptions): flowv1.FlowLimit {
  const { queue = '', type = '', perKey = false, maxRunning, rate } = options;
  const period = rate?.per === undefined ? undefined : durationToProto(Duration.from(rate.per));
  return {
    ...{ name, queue, type, perKey, maxRunning },
    rate: rate && { count: rate.count, period, burst: rate.burst ?? 0 },
  };
}
