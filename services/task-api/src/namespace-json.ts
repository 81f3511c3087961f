import type { Definition, DefinitionKey, FlowRate, Namespace } from '@orrery/core';
import { Duration } from '@orrery/duration';

/**
 * A namespace as the store keeps it; the SQL function `orrery_create_task` reads it, too. Its parts come in one order, so that the same
 * namespace is the same text.
 */
interface NamespaceJson {
  readonly description: string;
  readonly strict: boolean;
  readonly closed: boolean;
  readonly quotas: {
    readonly maxLiveTasks: number | null;
    readonly maxPayloadBytes: number | null;
    readonly createRate: (Omit<FlowRate, 'period'> & { readonly period: string }) | null;
  };
}

/** Names the definition of a namespace. */
export function namespaceKey(name: string): DefinitionKey {
  return { kind: 'NAMESPACE', namespace: name, name: '', version: 0 };
}

/** What holds for a namespace, as JSON. */
export function writeNamespace({ description, strict, closed, quotas }: Pick<Namespace, keyof NamespaceJson>): string {
  const { maxLiveTasks, maxPayloadBytes, createRate: rate } = quotas;
  const createRate = rate && { count: rate.count, period: rate.period.toJSON(), burst: rate.burst };
  const json: NamespaceJson = { description, strict, closed, quotas: { maxLiveTasks, maxPayloadBytes, createRate } };
  return JSON.stringify(json);
}

/** The namespace of a definition. */
export function readNamespace({ namespace: name, body, createdAt, updatedAt }: Definition): Namespace {
  const { quotas, ...said } = JSON.parse(body) as NamespaceJson;
  const rate = quotas.createRate;
  const createRate = rate && { ...rate, period: Duration.from(rate.period) };
  return { name, ...said, quotas: { ...quotas, createRate }, createdAt, updatedAt };
}
