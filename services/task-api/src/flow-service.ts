import { flowLimitFromProto, flowLimitToProto, flowv1 } from '@orrery/contracts';
import { type FlowLimit, flowLimitNotFound, type FlowStore, invalidFields } from '@orrery/core';
import { bind, Checks, type ServiceBinding } from '@orrery/service';

/** Limits on the flow of tasks. */
export function flowService(flow: FlowStore): ServiceBinding {
  return bind(flowv1.FlowServiceDefinition, {
    setFlowLimit: async (request) => {
      const limit = parseLimit(request);
      const { created } = await flow.setLimit(limit);
      return { limit: flowLimitToProto(limit), created };
    },
    getFlowLimit: async (request) => {
      const { namespace, name } = readName(request);
      const limit = (await flow.listLimits(namespace)).find((each) => each.name === name);
      if (!limit) throw flowLimitNotFound(namespace, name);
      return { limit: flowLimitToProto(limit) };
    },
    listFlowLimits: async (request) => {
      const checks = new Checks();
      const namespace = checks.name('namespace', request.namespace, { default: 'default' });
      checks.done();
      return { limits: (await flow.listLimits(namespace)).map(flowLimitToProto) };
    },
    deleteFlowLimit: async (request) => {
      const { namespace, name } = readName(request);
      if (!(await flow.deleteLimit(namespace, name))) throw flowLimitNotFound(namespace, name);
      return {};
    },
  });
}

function parseLimit({ namespace, limit }: flowv1.SetFlowLimitRequest): FlowLimit {
  if (!limit) throw invalidFields([{ field: 'limit', description: 'is required' }]);
  const checks = new Checks();
  const readNamespace = checks.name('namespace', namespace, { default: 'default' });
  checks.name('limit.name', limit.name);
  if (limit.queue !== '') checks.name('limit.queue', limit.queue);
  if (limit.type !== '') checks.pattern('limit.type', limit.type);
  const parsed = checks.parse(() => flowLimitFromProto(limit, readNamespace, 'limit'));
  checks.done();
  // Without it there would have been something to refuse.
  return parsed as FlowLimit;
}

function readName(request: { readonly namespace: string; readonly name: string }): { namespace: string; name: string } {
  const checks = new Checks();
  const namespace = checks.name('namespace', request.namespace, { default: 'default' });
  const name = checks.name('name', request.name);
  checks.done();
  return { namespace, name };
}
