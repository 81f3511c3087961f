import { durationToProto, namespaceFromProto, namespacev1 } from '@orrery/contracts';
import type { Namespace } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { OrreryError } from '@orrery/rpc';
import type { Connection } from './connect.ts';
import type { FlowLimitOptions } from './flow-limits.ts';
import type { AbortOptions } from './tasks.ts';

/** What is to hold for everything in a namespace. What is left out is not limited. */
export interface NamespaceOptions extends AbortOptions {
  readonly description?: string;
  /** Whether tasks must be of a type that is registered. */
  readonly strict?: boolean;
  /** Whether it takes no new tasks and schedules; what exists goes on. */
  readonly closed?: boolean;
  /** How many tasks there may be that have not ended. */
  readonly maxLiveTasks?: number;
  /** The largest params of a task, in bytes. */
  readonly maxPayloadBytes?: number;
  /** So many tasks in each period (default 1 s), and at once no more than the burst (default: the count). */
  readonly createRate?: NonNullable<FlowLimitOptions['rate']>;
}

/** A namespace as it is after it was set, and what has been done. */
export interface SetNamespace {
  readonly namespace: Namespace;
  readonly outcome: 'CREATED' | 'UPDATED' | 'UNCHANGED';
}

/**
 * What holds for namespaces, whichever the client itself works in. Every method rejects with an OrreryError, or with the reason of its
 * signal.
 */
export interface Namespaces {
  /** Says what holds for a namespace, in place of all that was said before. Everybody who creates tasks hears of it within a second or so. */
  set(name: string, options?: NamespaceOptions): Promise<SetNamespace>;
  /** What was said about a namespace; NAMESPACE_NOT_FOUND if nothing was, whether it is in use or not. */
  get(name: string, options?: AbortOptions): Promise<Namespace>;
  /** The namespaces that something was said about, by name, page after page. */
  list(options?: AbortOptions): AsyncIterable<Namespace>;
}

/** Namespaces over a connection. */
export function createNamespaces(connection: Connection): Namespaces {
  const stub = connection.namespaces;
  return {
    async set(name, { signal, ...options } = {}) {
      const request = { namespace: toProto(name, options) };
      const reply = await connection.call((calling) => stub.setNamespace(request, calling), signal);
      return { namespace: present(reply), outcome: toOutcome(reply.outcome) };
    },
    async get(name, { signal } = {}) {
      return present(await connection.call((calling) => stub.getNamespace({ name }, calling), signal));
    },
    async *list({ signal } = {}) {
      for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
        const request: namespacev1.ListNamespacesRequest = { pageSize: 0, pageToken };
        const page = await connection.call((calling) => stub.listNamespaces(request, calling), signal);
        yield* page.namespaces.map((namespace) => namespaceFromProto(namespace));
        pageToken = page.nextPageToken || undefined;
      }
    },
  };
}

function toProto(name: string, options: NamespaceOptions): namespacev1.Namespace {
  const { description = '', strict = false, closed = false } = options;
  const { maxLiveTasks = 0, maxPayloadBytes = 0, createRate: rate } = options;
  const period = rate?.per === undefined ? undefined : durationToProto(Duration.from(rate.per));
  const createRate = rate && { count: rate.count, period, burst: rate.burst ?? 0 };
  return {
    ...{ name, description, strict, closed },
    quotas: { maxLiveTasks, maxPayloadBytes, createRate },
    createTime: undefined,
    updateTime: undefined,
  };
}

function toOutcome(outcome: namespacev1.SetOutcome): SetNamespace['outcome'] {
  if (outcome === namespacev1.SetOutcome.CREATED) return 'CREATED';
  return outcome === namespacev1.SetOutcome.UPDATED ? 'UPDATED' : 'UNCHANGED';
}

function present({ namespace }: { readonly namespace: namespacev1.Namespace | undefined }): Namespace {
  if (namespace) return namespaceFromProto(namespace);
  throw new OrreryError({ code: 'INTERNAL', reason: 'INTERNAL', message: 'the reply has no namespace' });
}
