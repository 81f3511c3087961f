import type { ServiceImplementation, TsProtoServiceDefinition } from 'nice-grpc';

/** A gRPC service and the handlers that implement it; made by {@link bind}. */
export interface ServiceBinding {
  readonly definition: TsProtoServiceDefinition;
  readonly implementation: ServiceImplementation<TsProtoServiceDefinition>;
  /** Methods whose handler waits for something to happen and limits the wait itself. */
  readonly longPolls: readonly string[];
}

/** Part of a process: some gRPC services and whatever runs behind them. */
export interface ServiceModule {
  readonly name: string;
  readonly bindings: readonly ServiceBinding[];
  /** Called before the server listens; when it fails, the process does not start. */
  start(): Promise<void>;
  /** Ends long polls and streams politely, while other calls are still served. */
  drain(): Promise<void>;
  /** Called when no call is left. */
  stop(): Promise<void>;
}

/** Puts a generated service definition and its handlers together; the compiler sees to it that they fit. */
export function bind<Definition extends TsProtoServiceDefinition>(
  definition: Definition,
  implementation: ServiceImplementation<Definition>,
  options: { readonly longPolls?: readonly (keyof Definition['methods'] & string)[] } = {},
): ServiceBinding {
  return {
    definition,
    // What the definition asks for was checked above; the server looks methods up by name.
    implementation,
    longPolls: options.longPolls ?? [],
  };
}
