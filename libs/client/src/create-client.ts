import { OrreryError } from '@orrery/rpc';
import { type ClientOptions, readClientOptions } from './client-options.ts';
import { connect } from './connect.ts';
import { createFlowLimits, type FlowLimits } from './flow-limits.ts';
import { createNamespaces, type Namespaces } from './namespaces.ts';
import { createSchedules, type Schedules } from './schedules.ts';
import { createEvents, type Events } from './subscribe-events.ts';
import { createTaskTypes, type TaskTypes } from './task-types.ts';
import { createTasks, type Tasks } from './tasks.ts';

/** A connection to Orrery for creating tasks and following them. */
export interface Client extends AsyncDisposable {
  readonly tasks: Tasks;
  readonly schedules: Schedules;
  readonly events: Events;
  /** The kinds of work there are. */
  readonly types: TaskTypes;
  /** What holds for everything in a namespace. */
  readonly namespaces: Namespaces;
  /** How much may run, or begin, at the same time. */
  readonly flowLimits: FlowLimits;
  /** Lets calls under way end, rejects waits, and closes the connection. */
  close(): Promise<void>;
}

/** Opens a client; it connects with the first call. Throws a RangeError or InvalidDurationError for bad options. */
export function createClient(options: ClientOptions = {}): Client {
  const connection = connect(readClientOptions(options));
  const { tasks, close: closeTasks } = createTasks(connection);
  const leaving = new AbortController();
  const events = createEvents(connection, leaving.signal);
  let closing: Promise<void> | null = null;
  const close = () => {
    leaving.abort(closed());
    closing ??= closeTasks(closed()).finally(() => connection.close());
    return closing;
  };
  const types = createTaskTypes(connection);
  const namespaces = createNamespaces(connection);
  const flowLimits = createFlowLimits(connection);
  const schedules = createSchedules(connection);
  return { tasks, schedules, events, types, namespaces, flowLimits, close, [Symbol.asyncDispose]: close };
}

function closed(): OrreryError {
  return new OrreryError({ code: 'CANCELLED', reason: 'CANCELLED', message: 'the client was closed' });
}
