import type { Namespace, NamespaceQuotas } from '@orrery/core';
import { invalidField } from './invalid-field.ts';
import { flowRateFromProto, flowRateToProto } from './map-flow-limit.ts';
import { timeFromProto } from './map-time.ts';
import type * as namespacev1 from './namespace-v1.ts';

const MAX_LIVE_TASKS = 10_000_000;

/** A namespace as the wire carries it. */
export function namespaceToProto(namespace: Namespace): namespacev1.Namespace {
  const { name, description, strict, closed, quotas } = namespace;
  return {
    ...{ name, description, strict, closed },
    quotas: {
      maxLiveTasks: quotas.maxLiveTasks ?? 0,
      maxPayloadBytes: quotas.maxPayloadBytes ?? 0,
      createRate: flowRateToProto(quotas.createRate),
    },
    createTime: namespace.createdAt,
    updateTime: namespace.updatedAt,
  };
}

/** Reads a namespace as a server tells of it; refuses with INVALID_FIELD what no server would say. */
export function namespaceFromProto(wire: namespacev1.Namespace, field = 'namespace'): Namespace {
  const { name, description, strict, closed } = wire;
  const createdAt = timeFromProto(wire.createTime, `${field}.create_time`);
  const updatedAt = timeFromProto(wire.updateTime, `${field}.update_time`);
  if (!createdAt) throw invalidField(`${field}.create_time`, 'must be set');
  if (!updatedAt) throw invalidField(`${field}.update_time`, 'must be set');
  const quotas = namespaceQuotasFromProto(wire.quotas, `${field}.quotas`);
  return { name, description, strict, closed, quotas, createdAt, updatedAt };
}

/** Reads quotas; refuses with INVALID_FIELD what is out of its documented range. */
export function namespaceQuotasFromProto(
  wire: namespacev1.NamespaceQuotas | undefined,
  field: string,
): NamespaceQuotas {
  const { maxLiveTasks = 0, maxPayloadBytes = 0, createRate } = wire ?? {};
  if (maxLiveTasks > MAX_LIVE_TASKS) throw invalidField(`${field}.max_live_tasks`, `must be at most ${MAX_LIVE_TASKS}`);
  return {
    maxLiveTasks: maxLiveTasks || null,
    maxPayloadBytes: maxPayloadBytes || null,
    createRate: flowRateFromProto(createRate, `${field}.create_rate`),
  };
}
