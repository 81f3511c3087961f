import {
  EVENT_SCHEMAS,
  HEADER_SCHEMA,
  SCHEDULE_EVENT_MEANINGS,
  TASK_EVENT_MEANINGS,
  WORKER_EVENT_MEANINGS,
} from './catalogue.ts';

const NOUNS = [
  {
    noun: 'task',
    meanings: TASK_EVENT_MEANINGS,
    data: 'TaskEventData',
    tail: '{namespace}.{queue}.{taskType}',
    parameters: ['namespace', 'queue', 'taskType'],
  },
  {
    noun: 'worker',
    meanings: WORKER_EVENT_MEANINGS,
    data: 'WorkerEventData',
    tail: '{namespace}.{workerId}',
    parameters: ['namespace', 'workerId'],
  },
  {
    noun: 'schedule',
    meanings: SCHEDULE_EVENT_MEANINGS,
    data: 'ScheduleEventData',
    tail: '{namespace}.{scheduleId}',
    parameters: ['namespace', 'scheduleId'],
  },
] as const;

const PARAMETERS = {
  namespace: { description: 'The namespace; a dot in it is %2E.' },
  queue: { description: 'The queue; a dot in it is %2E.' },
  taskType: { description: 'The task type, dots and all: one token for each part. Hear all below one with ">".' },
  workerId: { description: "The worker's id; a dot in it is %2E." },
  scheduleId: { description: "The schedule's id; a dot in it is %2E." },
};

/** The AsyncAPI 3.0 document of everything that Orrery publishes, from the catalogue. */
export function asyncApiDocument(): Readonly<Record<string, unknown>> {
  const events = NOUNS.flatMap(({ noun, meanings, data, tail, parameters }) =>
    Object.entries(meanings).map(([kind, summary]) => {
      const name = `${noun}_${kind}`;
      return { name, type: `orrery.${noun}.v1.${kind}`, summary, data, tail, parameters };
    }),
  );
  const by = <T>(make: (event: (typeof events)[number]) => T) =>
    Object.fromEntries(events.map((event) => [event.name, make(event)]));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Orrery events',
      version: '1.0.0',
      description:
        'Facts about tasks, workers and schedules, as CloudEvents 1.0 on NATS JetStream: at least once; for each subject in order and without a gap.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: { nats: { host: 'localhost:4222', protocol: 'nats', description: 'The stream is ORRERY.' } },
    channels: by(({ name, type, summary, tail, parameters }) => ({
      address: `${type}.${tail}`,
      summary,
      parameters: Object.fromEntries(
        parameters.map((parameter) => [parameter, { $ref: `#/components/parameters/${parameter}` }]),
      ),
      messages: { [name]: { $ref: `#/components/messages/${name}` } },
    })),
    operations: by(({ name, summary }) => ({
      action: 'send',
      summary,
      channel: { $ref: `#/channels/${name}` },
      messages: [{ $ref: `#/channels/${name}/messages/${name}` }],
    })),
    components: {
      parameters: PARAMETERS,
      messages: by(({ type, summary, data }) => ({
        name: type,
        summary,
        contentType: 'application/json',
        headers: { $ref: '#/components/schemas/EventHeaders' },
        payload: { $ref: `#/components/schemas/${data}` },
      })),
      schemas: { EventHeaders: HEADER_SCHEMA, ...EVENT_SCHEMAS },
    },
  };
}
