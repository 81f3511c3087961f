import { HealthDefinition, HealthServiceImpl, HealthState } from 'nice-grpc-server-health';
import type { Server } from 'nice-grpc';
import type { ServerMiddleware } from 'nice-grpc-common';

/** The health of a server's services as grpc.health.v1 tells it; all or none of them serve. */
export interface Health {
  readonly serviceName: string;
  /** Adds the health service to a server. Watches end when `closing` fires. */
  addTo(server: Server, closing: AbortSignal): void;
  /** Says NOT_SERVING for every service from now on. */
  notServing(): void;
}

/** Health of the given services and overall (the empty name), SERVING at first. */
export function createHealth(services: readonly string[]): Health {
  const state = HealthState();
  // One listener for each watch, and there may be many.
  state.setMaxListeners(0);
  const names = ['', ...services];
  for (const name of names) state.setStatus('healthy', name);
  return {
    serviceName: HealthDefinition.fullName,
    addTo: (server, closing) => server.with(endOn(closing)).add(HealthDefinition, HealthServiceImpl(state)),
    notServing() {
      for (const name of names) state.setStatus('unhealthy', name);
    },
  };
}

function endOn(closing: AbortSignal): ServerMiddleware {
  return async function* endOnMiddleware(call, context) {
    const signal = AbortSignal.any([context.signal, closing]);
    return yield* call.next(call.request, { ...context, signal });
  };
}
