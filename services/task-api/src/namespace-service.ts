import { namespaceQuotasFromProto, namespaceToProto, namespacev1 } from '@orrery/contracts';
import { type DefinitionKey, type DefinitionStore, type Namespace, namespaceNotFound } from '@orrery/core';
import { bind, Checks, makePageToken, readPageToken, type ServiceBinding } from '@orrery/service';
import type { Definitions } from './definitions.ts';
import { namespaceKey, readNamespace, writeNamespace } from './namespace-json.ts';

const MAX_DESCRIPTION = 4_096;
const DEFAULT_PAGE = 50;
const MAX_PAGE = 1_000;

/** What the service is made of. */
export interface NamespaceServiceDeps {
  readonly store: DefinitionStore;
  readonly definitions: Definitions;
  /** The largest params that are accepted, in bytes. */
  readonly maxPayloadBytes: number;
}

/** What holds for namespaces. */
export function namespaceService({ store, definitions, maxPayloadBytes }: NamespaceServiceDeps): ServiceBinding {
  return bind(namespacev1.NamespaceServiceDefinition, {
    setNamespace: async (request) => {
      const { key, said } = parseNamespace(request.namespace, maxPayloadBytes);
      const { definition, outcome } = await store.put({ ...key, body: writeNamespace(said) });
      definitions.keep(definition);
      return { namespace: namespaceToProto(readNamespace(definition)), outcome: namespacev1.SetOutcome[outcome] };
    },
    getNamespace: async (request) => {
      const checks = new Checks();
      const name = checks.name('name', request.name, { default: 'default' });
      checks.done();
      const definition = await store.get(namespaceKey(name));
      if (!definition) throw namespaceNotFound(name);
      return { namespace: namespaceToProto(readNamespace(definition)) };
    },
    listNamespaces: (request) => listNamespaces(store, request),
  });
}

async function listNamespaces(
  store: DefinitionStore,
  request: namespacev1.ListNamespacesRequest,
): Promise<namespacev1.ListNamespacesResponse> {
  const checks = new Checks();
  checks.require(request.pageSize >= 0, 'page_size', 'must not be negative');
  checks.done();
  const pageSize = Math.min(request.pageSize || DEFAULT_PAGE, MAX_PAGE);
  const boundTo = ['namespaces'];
  const after = readPageToken(request.pageToken, boundTo);
  const rows = await store.list({
    kind: 'NAMESPACE',
    activeOnly: false,
    limit: pageSize + 1,
    ...(after !== undefined && { after: namespaceKey(after) }),
  });
  const page = rows.slice(0, pageSize);
  const last = page.at(-1);
  return {
    namespaces: page.map((row) => namespaceToProto(readNamespace(row))),
    nextPageToken: rows.length > page.length && last ? makePageToken(last.namespace, boundTo) : '',
  };
}

function parseNamespace(
  wire: namespacev1.Namespace | undefined,
  maxPayloadBytes: number,
): { readonly key: DefinitionKey; readonly said: Omit<Namespace, 'name' | 'createdAt' | 'updatedAt'> } {
  const checks = new Checks();
  if (!wire) checks.add('namespace', 'is required');
  const { name, description, strict, closed, quotas: given } = wire ?? namespacev1.Namespace.decode(new Uint8Array());
  const key = namespaceKey(checks.name('namespace.name', name, { default: 'default' }));
  checks.require(
    description.length <= MAX_DESCRIPTION && !description.includes('\0'),
    'namespace.description',
    `must have at most ${MAX_DESCRIPTION} characters, and no NUL among them`,
  );
  const quotas = checks.parse(() => namespaceQuotasFromProto(given, 'namespace.quotas'));
  checks.require(
    (quotas?.maxPayloadBytes ?? 0) <= maxPayloadBytes,
    'namespace.quotas.max_payload_bytes',
    `must be at most ${maxPayloadBytes}, which is what this server accepts`,
  );
  checks.done();
  if (!quotas) throw new Error('quotas without violations were not read');
  return { key, said: { description, strict, closed, quotas } };
}
