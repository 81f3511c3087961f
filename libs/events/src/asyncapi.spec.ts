import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import specs from '@asyncapi/specs';
import { EVENT_TYPES, eventType } from '@orrery/core';
import { TaskError } from '@orrery/task-error';
import { taskEvent, workerEvent } from '@orrery/testing';
import { Ajv, type SchemaObject } from 'ajv';
import { parse, stringify } from 'yaml';
import { asyncApiDocument } from './asyncapi.ts';
import { EVENT_SCHEMAS, HEADER_SCHEMA } from './catalogue.ts';
import { toCloudEvent } from './cloud-event.ts';
import { writeEventData } from './event-data.ts';

const FILE = join(import.meta.dirname, '../../../docs/asyncapi.yaml');
const document = asyncApiDocument() as {
  channels: Record<string, { address: string }>;
  components: { schemas: object };
};

test('the document is AsyncAPI 3.0, by the schema of its makers', () => {
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(
    specs.schemasWithoutId['3.0.0'] as SchemaObject,
  );
  validate(document);
  expect(validate.errors).toBeNull();
});

test('docs/asyncapi.yaml is what the catalogue says; npm run asyncapi writes it', () => {
  expect(parse(readFileSync(FILE, 'utf8'))).toEqual(parse(stringify(document)));
});

test('there is a channel for every type of event', () => {
  const types = Object.values(document.channels).map(({ address }) => address.split('.').slice(0, 4).join('.'));
  expect(types.sort()).toEqual([...EVENT_TYPES].sort());
});

test.each([
  taskEvent('a', 1),
  { ...taskEvent('a', 2, 'failed'), error: new TaskError({ message: 'no', cause: new Error('why') }).toData() },
  workerEvent('w', 1),
])('what is published is as the document says: $kind', (event) => {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const root = { $id: 'root', components: { schemas: EVENT_SCHEMAS } };
  ajv.addSchema(root);
  const name = event.noun === 'task' ? 'TaskEventData' : 'WorkerEventData';
  const body = ajv.getSchema(`root#/components/schemas/${name}`);
  const head = ajv.compile(HEADER_SCHEMA);
  const headers = Object.fromEntries(toCloudEvent(event).headers);
  expect([body?.(JSON.parse(writeEventData(event))), body?.errors]).toEqual([true, null]);
  expect([head(headers), head.errors]).toEqual([true, null]);
  expect(headers['ce-type']).toBe(eventType(event));
});
