// Takes the place of @orrery/service in a service that is to lose replies.
import { type RunningServer, serve as serveReliably, type ServeOptions, type ServiceBinding } from '@orrery/service';
import { ServerError, Status } from 'nice-grpc-common';
import { lostShare } from './lost-share.ts';

export * from '@orrery/service';

/** Serves, and for a share of the calls does what was asked and then breaks off instead of replying. */
export function serve(options: ServeOptions): Promise<RunningServer> {
  const modules = options.modules.map((module) => ({ ...module, bindings: module.bindings.map(lossy) }));
  return serveReliably({ ...options, modules });
}

type Method = (request: unknown, context: unknown) => unknown;

function lossy(binding: ServiceBinding): ServiceBinding {
  const reliable = binding.implementation as unknown as Readonly<Record<string, Method>>;
  const methods = Object.keys(binding.definition.methods).map((name) => {
    const method: Method = (request, context) => {
      const reply = reliable[name]?.(request, context);
      return isStream(reply) ? lossyStream(reply) : lossyReply(Promise.resolve(reply));
    };
    return [name, method] as const;
  });
  return { ...binding, implementation: Object.fromEntries(methods) as unknown as ServiceBinding['implementation'] };
}

function isStream(reply: unknown): reply is AsyncIterable<unknown> {
  return typeof reply === 'object' && reply !== null && Symbol.asyncIterator in reply;
}

async function lossyReply(reply: Promise<unknown>): Promise<unknown> {
  const value = await reply;
  if (lostShare()) throw lost();
  return value;
}

/** Results of outcomes are replies too; the stream breaks with them. */
async function* lossyStream(messages: AsyncIterable<unknown>): AsyncGenerator {
  for await (const message of messages) {
    if (tellsResults(message) && lostShare()) throw lost();
    yield message;
  }
}

function tellsResults(message: unknown): boolean {
  const { message: inner } = message as { readonly message?: { readonly $case: string } };
  return inner?.$case === 'results' || inner?.$case === 'leases';
}

function lost(): ServerError {
  return new ServerError(Status.UNAVAILABLE, 'the reply was lost, as asked');
}
