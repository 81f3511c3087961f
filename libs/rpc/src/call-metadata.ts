import { Metadata } from 'nice-grpc-common';
import { currentTask } from './task-scope.ts';

/** The metadata of every call: who calls, and because of what. */
export function callMetadata(token: string | undefined): Metadata {
  const metadata = new Metadata();
  if (token) metadata.set('authorization', `Bearer ${token}`);
  const task = currentTask();
  if (task?.correlationId) metadata.set('x-correlation-id', task.correlationId);
  if (task?.traceparent) metadata.set('traceparent', task.traceparent);
  return metadata;
}
