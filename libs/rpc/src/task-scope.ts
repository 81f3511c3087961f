import { AsyncLocalStorage } from 'node:async_hooks';

/** The task whose handler is running: what a task that it creates inherits. */
export interface TaskScope {
  readonly taskId: string;
  readonly correlationId: string;
  /** W3C trace context; empty if there is none. */
  readonly traceparent: string;
}

const scopes = new AsyncLocalStorage<TaskScope | undefined>();

/** Runs a handler so that everything it awaits knows its task. */
export function inTaskScope<R>(scope: TaskScope, run: () => R): R {
  return scopes.run(scope, run);
}

/** Runs something that is done for many callers, so that it is not taken for the doing of one of them. */
export function outsideTaskScope<R>(run: () => R): R {
  return scopes.run(undefined, run);
}

/** The task whose handler is running; undefined outside of handlers. */
export function currentTask(): TaskScope | undefined {
  return scopes.getStore();
}
